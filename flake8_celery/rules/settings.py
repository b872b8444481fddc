"""Settings: their names and the types of their values (CEL330-CEL359)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..celery import settings as table
from ..project.configuration import (
    CONSTRUCTOR,
    DEFAULTS,
    OBJECT,
    WRITE,
    Setting,
    generations,
)
from ..project.values import Const, Typed
from ..rule import CORRECTNESS, SAFE, UNSAFE, Edit, Related, Report, report, rule
from .sources import has_old_names, is_prefixed_new_name

if TYPE_CHECKING:
    from ..project import Project
    from ..rule import Finding
    from ..source import Source

# The beginnings of names that are Celery's, among all the names of a module.
OWN_WORDS = (
    "celery",
    "broker_",
    "task_",
    "worker_",
    "result_",
    "beat_",
    "event_",
    "control_",
)


def is_candidate(setting: Setting) -> bool:
    """Whether a key that Celery does not read was probably meant for it."""
    key = setting.key
    if setting.in_test or not setting.plain or key.startswith("_") or table.is_third_party(key):
        return False
    if not key.isidentifier() or any(
        setting.name_in(legacy) is not None for legacy in generations(setting.project)
    ):
        return False
    if setting.source:
        # A module or class holds other things as well; Django's settings hold anything.
        namespace = setting.app.configuration.namespace
        words = (*OWN_WORDS[:2], f"{namespace.rstrip('_').lower()}_") if namespace else OWN_WORDS
        return key.lower().startswith(words)
    return True


def occurrences(project: Project, key: str) -> int:
    """How often a name stands in the files of the project that speak of Celery, comments left
    out."""
    import re

    word = re.compile(rb"(?<!\w)" + re.escape(key.encode()) + rb"(?!\w)")
    needle = key.encode()
    count = 0
    for module in project.modules:
        text = project.text_of(module)
        if needle in text:
            for line in text.splitlines():
                if needle in line:
                    count += len(word.findall(line.partition(b"#")[0]))
    return count


def is_read_elsewhere(setting: Setting) -> bool:
    """Whether the project itself uses a key, so that it is a setting of its own."""
    project = setting.project
    places = {other.place for other in project.all(Setting) if other.key == setting.key}
    return occurrences(project, setting.key) > len(places)


@rule(
    Setting,
    "CEL330",
    "celery-unknown-setting",
    CORRECTNESS,
    says="Celery has no setting `{key}` and ignores it; did you mean `{suggestion}`?",
)
def unknown_setting(setting: Setting, project: Project) -> Iterator[Report]:
    """A key that is almost one of Celery's."""
    if not is_candidate(setting) or setting.app.configuration.namespace_unknown:
        return
    namespace = setting.app.configuration.namespace
    key = setting.key
    if table.misplaced(key, namespace) is not None and key.lower().startswith(OWN_WORDS):
        return
    suggestion = table.suggest(key, namespace)
    if suggestion is None or suggestion == key or is_read_elsewhere(setting):
        return
    if setting.layer in (CONSTRUCTOR, WRITE) and not key.isupper():
        suggestion = table.canonical(suggestion, namespace, legacy=False) or suggestion
    yield report(
        setting.where,
        key=key,
        suggestion=suggestion,
        fix=[key, suggestion],
    )


def rename(finding: Finding, source: Source) -> Iterable[Edit]:
    """Writes another name where the key stands, in its quotes if it has some."""
    key, name = finding.fix_data
    row, column, end_row, end_column = finding.span
    text = source.text[source.offset(row, column) : source.offset(end_row, end_column)]
    if text.count(key) == 1:
        yield Edit(finding.span, text.replace(key, name))


unknown_setting.fix(UNSAFE, "Rename the setting")(rename)


@rule(
    Setting,
    "CEL331",
    "celery-setting-wrong-prefix",
    CORRECTNESS,
    says="Celery ignores `{key}` here; it reads `{suggestion}`",
)
def setting_wrong_prefix(setting: Setting, project: Project) -> Iterator[Report]:
    """The right name with a prefix or in a case that does not work under this namespace."""
    key = setting.key
    if setting.in_test or not setting.plain or table.is_third_party(key):
        return
    configuration = setting.app.configuration
    if configuration.namespace_unknown:
        return
    name = table.misplaced(key, configuration.namespace)
    if name is None or not table.is_new(name):
        return
    names = {setting.name_in(legacy) for legacy in generations(project)}
    if None not in names:
        return
    if setting.source and not key.lower().startswith(OWN_WORDS):
        return
    old_style = configuration.style == "old"
    if (
        configuration.django
        and setting.layer == OBJECT
        and not configuration.namespace
        and is_prefixed_new_name(key)
        and not has_old_names(configuration)
    ):
        # CEL311 says it once, where the namespace is missing.
        return
    if any(other.key != key for other in configuration.writes(name)):
        return
    upper = old_style or (configuration.django and setting.layer == OBJECT)
    suggestion = table.working_spelling(name, configuration.namespace, upper=upper)
    if setting.layer in (CONSTRUCTOR, WRITE, DEFAULTS):
        suggestion = name
    if suggestion == key:
        return
    alone = occurrences(project, key) == 1
    if len(names) == 1:
        if not alone and is_read_elsewhere(setting):
            return
        yield report(
            setting.where,
            key=key,
            suggestion=suggestion,
            fix=[key, suggestion] if alone else None,
        )
        return
    yield report(
        setting.where,
        says="`{key}` is a name from before Celery 4.0; under the namespace `{namespace}` only "
        "5.7 and newer read it: write `{suggestion}`"
        if configuration.namespace
        else "`{key}` is a name from before Celery 4.0; written here, only 5.7 and newer read it: "
        "write `{suggestion}`",
        key=key,
        namespace=configuration.namespace,
        suggestion=suggestion,
        fix=[key, suggestion] if alone else None,
    )


setting_wrong_prefix.fix(SAFE, "Rename the setting")(rename)


@rule(
    Setting,
    "CEL332",
    "celery-mixed-setting-styles",
    CORRECTNESS,
    says="`{key}` and `{other}` ({place}) are names of two generations: Celery raises "
    "ImproperlyConfigured when it reads the configuration; write `{suggestion}`",
)
def mixed_setting_styles(setting: Setting, project: Project) -> Iterator[Report]:
    """Names from before and since 4.0 in one source."""
    configuration = setting.app.configuration
    if configuration.namespace or configuration.namespace_unknown or setting.in_test:
        return
    for group in configuration.judged_together(setting):
        keys = [other.key for other in group]
        left = table.mixing(keys, configuration.constructor_keys, None)
        if setting.key not in left:
            continue
        new = table.is_new(setting.key)
        other = next(
            s for s in group if (table.is_old if new else table.is_new)(s.key) and s.key not in left
        )
        suggestion = table.to_old(setting.key) if new else table.to_new(setting.key)
        yield report(
            setting.where,
            Related(other.where, f"`{other.key}`"),
            key=setting.key,
            other=other.key,
            place=other.where.shown,
            suggestion=suggestion,
            fix=[setting.key, suggestion] if occurrences(project, setting.key) == 1 else None,
        )
        return


mixed_setting_styles.fix(SAFE, "Rename the setting")(rename)


# Settings whose type is said to be bool, and which take something else as well.
NOT_ONLY_BOOLEAN = frozenset({"broker_use_ssl"})


@rule(
    Setting,
    "CEL338",
    "celery-boolean-setting-from-string",
    CORRECTNESS,
    says="`{key}` gets a text from the environment, and any text but an empty one is true, "
    '"False" and "0" too',
)
def boolean_from_string(setting: Setting, project: Project) -> Iterator[Report]:
    """A switch that is on whatever the environment says."""
    if setting.in_test or setting.name is None:
        return
    known = table.SETTINGS.get(setting.name)
    if known is None or known.type != "bool" or known.name in NOT_ONLY_BOOLEAN:
        return
    value = setting.value
    for option in value.alternatives():
        text = isinstance(option, Typed) and (
            option.type == "str" or option.source == "a text of the environment"
        )
        if text:
            if not setting.may_win:
                return
            span = value.where.span if value.where.module is setting.module else None
            yield report(setting.where, key=setting.key, fix=span and ["environment", *span])
            return
        if isinstance(option, Const) and isinstance(option.constant, str) and option.constant:
            if not setting.may_win:
                return
            span = option.where.span if option.where.module is setting.module else None
            yield report(
                setting.where,
                says="`{key}` is the text {text!r}, which is true as any text but an empty one",
                key=setting.key,
                text=option.constant,
                fix=span and ["text", *span],
            )
            return


FALSE_TEXTS = frozenset({"false", "0", "no", "off", "n", "f", "none"})
TRUE_TEXTS = frozenset({"true", "1", "yes", "on", "y", "t"})


@boolean_from_string.fix(UNSAFE, "Make it a boolean")
def make_boolean(finding: Finding, source: Source) -> Iterable[Edit]:
    """`"False"` becomes `False`; a look-up is compared with the usual words for "on"."""
    import ast

    kind, *span = finding.fix_data
    text = source.text[source.offset(span[0], span[1]) : source.offset(span[2], span[3])]
    try:
        node = ast.parse(text, mode="eval").body
    except SyntaxError:
        return
    if kind == "text":
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            word = node.value.lower()
            if word in FALSE_TEXTS | TRUE_TEXTS:
                yield Edit(span, str(word in TRUE_TEXTS))
        return
    if not isinstance(node, ast.Call):
        if isinstance(node, ast.Subscript):
            yield Edit(span, f'{text}.lower() in ("1", "true", "yes")')
        return
    name = ast.unparse(node.func)
    if name == "bool" and len(node.args) == 1:
        node, name = node.args[0], ""
        if not isinstance(node, ast.Call):
            return
        name = ast.unparse(node.func)
    if not name.endswith(("environ.get", "getenv")) or node.keywords or not node.args:
        return
    default = "" if len(node.args) < 2 else getattr(node.args[1], "value", None)
    if not isinstance(default, (str, bool)) and default is not None:
        return
    word = "" if default in ("", None, False) else str(default).lower()
    key = ast.get_source_segment(text, node.args[0])
    if key is None:
        return
    yield Edit(span, f'{name}({key}, "{word}").lower() in ("1", "true", "yes")')
