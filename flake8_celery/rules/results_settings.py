"""How long results are kept, and how their backend is reached (CEL171, CEL173, CEL175)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..celery.brokers import RESULT_TRANSPORT_OPTIONS, is_sentinel
from ..celery.settings import working_spelling
from ..celery.words import nearest
from ..project.apps import App
from ..project.configuration import OBJECT, Configuration, Setting
from ..project.connections import backend_of, backend_url
from ..project.schedule import seconds_of
from ..project.values import Const, Mapping, Value, possible, truth_of
from ..rule import (
    CORRECTNESS,
    PEDANTIC,
    SAFE,
    SUSPICIOUS,
    UNSAFE,
    Edit,
    Related,
    Report,
    report,
    rule,
)
from .edits import appended, call_at, text_at
from .settings import rename
from .values import comments_near

if TYPE_CHECKING:
    import ast

    from ..project import Project
    from ..rule import Finding
    from ..source import Source

# Backends that delete what is older than `result_expires`, by themselves or with beat's help, and
# how a person knows them.
DELETING = {
    "arangodb": "ArangoDB",
    "couchbase": "Couchbase",
    "database": "the database",
    "django-db": "the database",
    "file": "the file system",
    "mongodb": "MongoDB",
    "redis": "Redis",
}
# Backends without a `cleanup` of their own that give no result an expiry.
NEVER_DELETING = {
    "azureblockblob": "Azure Block Blob",
    "cosmosdbsql": "Cosmos DB",
    "couchdb": "CouchDB",
    "elasticsearch": "Elasticsearch",
    "s3": "S3",
}
# Words of a comment which says that results are kept on purpose.
DELIBERATE = ("never", "forever", "for ever", "keep", "kept", "history", "audit")


@rule(
    Setting,
    "CEL171",
    "celery-results-never-expire",
    SUSPICIOUS,
    says="with `{key}` {value} results are never deleted from {backend}, which grows without end",
)
def results_never_expire(setting: Setting, project: Project) -> Iterator[Report]:
    """`result_expires = None`, or 0; or any value for a backend that deletes nothing."""
    if setting.in_test or setting.name != "result_expires" or not setting.may_win:
        return
    configuration = setting.app.configuration
    backend = backend_of(configuration)
    never = is_never(setting.value)
    if backend not in DELETING and (never or backend not in NEVER_DELETING):
        return
    if backend in DELETING and (not never or stores_nothing(configuration)):
        return
    if backend in NEVER_DELETING:
        yield report(
            setting.where,
            says="{backend} as result backend deletes nothing, whatever `{key}` says",
            backend=NEVER_DELETING[backend],
            key=setting.key,
        )
    elif not says_so(setting):
        shown = "None" if is_none(setting.value) else "0"
        yield report(setting.where, key=setting.key, value=shown, backend=DELETING[backend])


def is_never(value: Value) -> bool:
    """Whether an expiry is surely None or 0."""
    return all(
        (isinstance(option, Const) and option.constant is None) or seconds_of(option) == 0
        for option in possible(value)
    )


def is_none(value: Value) -> bool:
    """Whether an expiry is None."""
    return any(isinstance(o, Const) and o.constant is None for o in possible(value))


def stores_nothing(configuration: Configuration) -> bool:
    """Whether tasks keep no result unless they ask for it."""
    ignored = configuration.get("task_ignore_result")
    return ignored is not None and truth_of(ignored) is not False


def says_so(setting: Setting) -> bool:
    """Whether a comment on the line, or just above it, says that results are kept on purpose."""
    return any(word in comment for comment in comments_near(setting) for word in DELIBERATE)


@rule(
    App,
    "CEL173",
    "celery-result-expires-unset",
    PEDANTIC,
    says="`result_expires` is not set: Redis deletes each result after one day",
)
def result_expires_unset(app: App, project: Project) -> Iterator[Report]:
    """Relying on Celery's default of one day."""
    if app.in_test:
        return
    configuration = app.configuration
    if backend_of(configuration) != "redis" or stores_nothing(configuration):
        return
    if configuration.setting("result_expires") is not None:
        return
    own = configuration.anchor == app.where
    yield report(configuration.anchor, fix=list(app.span) if own else None)


@result_expires_unset.fix(SAFE, "Write the default")
def write_the_default(finding: Finding, source: Source) -> Iterable[Edit]:
    """Gives `Celery(...)` the seconds of a day."""
    call = call_at(source, finding.fix_data)
    if call is None:
        return
    parts = [source.span(part) for part in (*call.args, *call.keywords)]
    if parts and not any(keyword.arg is None for keyword in call.keywords):
        last = max(parts, key=lambda span: span[2:])
        yield appended(source, last[2:], finding.fix_data, "result_expires=86400")


# Options of a connection to Redis -> the setting by which the result backend gets them.
REDIS_SETTINGS = {
    "health_check_interval": "redis_backend_health_check_interval",
    "max_connections": "redis_max_connections",
    "retry_on_timeout": "redis_retry_on_timeout",
    "socket_connect_timeout": "redis_socket_connect_timeout",
    "socket_keepalive": "redis_socket_keepalive",
    "socket_timeout": "redis_socket_timeout",
}


@rule(
    Setting,
    "CEL175",
    "celery-ignored-backend-option",
    CORRECTNESS,
    says="the result backend ignores `{option}` in `{key}`{advice}",
)
def ignored_backend_option(setting: Setting, project: Project) -> Iterator[Report]:
    """A key of `result_backend_transport_options` that nothing reads."""
    if setting.in_test or setting.name != "result_backend_transport_options":
        return
    value = setting.value
    if not setting.may_win or not isinstance(value, Mapping) or not value.entries:
        return
    configuration = setting.app.configuration
    backend = backend_of(configuration)
    if backend == "redis" and is_sentinel(backend_url(configuration)):
        backend = "sentinel"
    known = RESULT_TRANSPORT_OPTIONS.get(backend)
    if known is None or backend == "disabled":
        return
    for entry in value.entries:
        key = entry.key.constant if isinstance(entry.key, Const) else None
        if not isinstance(key, str) or key in known:
            continue
        advice, better = advice_on(setting, backend, key, known)
        here = entry.where.module is setting.module
        fix = ["rename", key, better] if better is not None else None
        name = REDIS_SETTINGS.get(key, "")
        if backend == "redis" and name and not configuration.writes(name):
            fix = ["move", key, spelled(setting, name)]
        yield report(
            entry.where if here else setting.where,
            *([] if here else [Related(entry.where, "the option")]),
            option=key,
            key=setting.key,
            advice=f": {advice}" if advice else "",
            fix=fix if here else None,
        )


def advice_on(
    setting: Setting, backend: str, key: str, known: frozenset[str]
) -> tuple[str, str | None]:
    """What to do instead of an option that is ignored, and its name where it is a slip."""
    if backend in ("redis", "sentinel") and key in REDIS_SETTINGS:
        return f"set `{spelled(setting, REDIS_SETTINGS[key])}`", None
    if backend in ("redis", "sentinel") and key.startswith("ssl"):
        return f"set `{spelled(setting, 'redis_backend_use_ssl')}`", None
    if key == "visibility_timeout":
        return f"it belongs into `{spelled(setting, 'broker_transport_options')}`", None
    if key in ("master_name", "sentinel_kwargs", "min_other_sentinels"):
        return "only a `sentinel://` backend reads it", None
    better = nearest(key.lower(), known)
    return (f"did you mean `{better}`?", better) if better else ("", None)


def spelled(setting: Setting, name: str) -> str:
    """Another setting's name, in the way in which `setting` is written."""
    configuration = setting.app.configuration
    if setting.layer != OBJECT:
        return name
    upper = configuration.django or configuration.style == "old"
    return working_spelling(name, configuration.namespace, upper=upper)


@ignored_backend_option.fix(UNSAFE, "Write what is read")
def write_what_is_read(finding: Finding, source: Source) -> Iterable[Edit]:
    """Renames an option, or takes it out of `options = {...}` and writes its own setting below."""
    kind, *names = finding.fix_data
    if kind == "rename":
        yield from rename(finding._replace(fix_data=names), source)
    else:
        yield from move_out(finding, source, names[1])


def move_out(finding: Finding, source: Source, name: str) -> Iterator[Edit]:
    """Edits for the option whose key stands where the finding is; none where the options are no
    dict that is assigned by a statement of its own."""
    import ast

    place = tuple(finding.span)
    for statement in source.nodes():
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Dict):
            continue
        keys = statement.value.keys
        spans = [None if key is None else tuple(source.span(key)) for key in keys]
        if place not in spans:
            continue
        at = spans.index(place)
        target = renamed_target(statement.targets, source, name)
        row, column, end_row, end_column = source.span(statement)
        values = [source.span(value) for value in statement.value.values]
        value = text_at(source, values[at])
        if target is None or None in spans or "\n" in value:
            return
        setting = f"{target} = {value}"
        if len(keys) == 1:
            yield Edit((row, column, end_row, end_column), setting)
            return
        if at + 1 < len(keys):
            after = source.span(keys[at + 1])  # type: ignore[arg-type]
            yield Edit((place[0], place[1], after[0], after[1]), "")
        else:
            before = values[at - 1]
            yield Edit((before[2], before[3], *values[at][2:]), "")
        indent = source.line(row)[: column - 1]
        yield Edit((end_row, end_column, end_row, end_column), f"\n{indent}{setting}")
        return


def renamed_target(targets: list[ast.expr], source: Source, name: str) -> str | None:
    """What an assignment assigns to, with another setting's name in the place of its own."""
    import ast

    if len(targets) != 1:
        return None
    target = targets[0]
    if isinstance(target, ast.Name):
        return name
    if isinstance(target, ast.Attribute):
        return f"{text_at(source, source.span(target.value))}.{name}"
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        quote = text_at(source, source.span(target.slice))[0]
        return f"{text_at(source, source.span(target.value))}[{quote}{name}{quote}]"
    return None
