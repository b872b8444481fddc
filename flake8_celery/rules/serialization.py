"""Serializers: which are chosen and which are accepted (CEL001-CEL009)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..celery.serializers import CONTENT_TYPES, INSECURE, normalise
from ..project.apps import App
from ..project.configuration import Configuration, Setting
from ..project.dispatch import Dispatch
from ..project.names import LinkedModule
from ..project.subject import Subject
from ..project.tasks import Task
from ..project.values import Const, Items, Value, possible, surely
from ..rule import CORRECTNESS, SECURITY, UNSAFE, Edit, Related, Report, Undecided, report, rule

if TYPE_CHECKING:
    from ..facts import Expr, Span
    from ..project import Project
    from ..rule import Finding
    from ..source import Source

PICKLE = "pickle"
DEFAULT = "json"
SERIALIZER_SETTINGS = frozenset({"task_serializer", "result_serializer", "event_serializer"})
ACCEPT_SETTINGS = frozenset({"accept_content", "result_accept_content"})


class SerializerChoice(Subject):
    """A place that chooses a serializer, or what is accepted.

    `role` is the setting's name since 4.0, or "task" for the option of a task, "call" for that of
    one call, "security" for `setup_security(serializer=)`.  `apps` are those it concerns, `shown`
    is what messages call it."""

    __slots__ = ("apps", "role", "shown", "value")

    def __init__(
        self,
        project: Project,
        module: LinkedModule,
        span: Span,
        role: str,
        shown: str,
        value: Value,
        apps: list[App],
    ) -> None:
        super().__init__(project, module, 0, 0, span)
        self.role = role
        self.shown = shown
        self.value = value
        self.apps = apps

    @classmethod
    def collect(cls, project: Project) -> list[SerializerChoice]:
        """Every such place outside of tests."""
        found = [*_of_settings(project), *_of_tasks(project), *_of_calls(project)]
        found += _of_security(project)
        return [choice for choice in found if not choice.in_test]


def _of_settings(project: Project) -> Iterator[SerializerChoice]:
    for setting in project.all(Setting):
        if setting.in_test:
            continue
        try:
            name = setting.name
        except Undecided:
            continue
        if name in SERIALIZER_SETTINGS | ACCEPT_SETTINGS and setting.may_win:
            yield SerializerChoice(
                project,
                setting.module,
                setting.span,
                name or "",
                setting.key,
                setting.value,
                [setting.app],
            )


def _of_tasks(project: Project) -> Iterator[SerializerChoice]:
    for task in project.all(Task):
        try:
            value = task.written("serializer")
        except Undecided:
            continue
        if value is not None:
            where = task.option_where("serializer")
            yield SerializerChoice(
                project, where.module, where.span, "task", "serializer", value, apps_of(task)
            )


def apps_of(task: Task) -> list[App]:
    """The apps that run a task: a shared one belongs to every app of the project."""
    if task.apps or not task.shared:
        return task.apps
    return [app for app in task.project.all(App) if not app.in_test]


def _of_calls(project: Project) -> Iterator[SerializerChoice]:
    for dispatch in project.all(Dispatch):
        given = dispatch.options.get("serializer")
        if given is not None:
            expr, span = given
            apps = [] if dispatch.task is None else apps_of(dispatch.task)
            value = dispatch.evaluate(expr)
            yield SerializerChoice(
                project, dispatch.module, span, "call", "serializer", value, apps
            )


def _of_security(project: Project) -> Iterator[SerializerChoice]:
    for module, scope, call in security_calls(project):
        for keyword, expr, span in call[4]:
            if keyword == "serializer":
                value = project.values.evaluate(expr, module, scope)
                yield SerializerChoice(
                    project, module, span, "security", "setup_security(serializer=)", value, []
                )


def security_calls(project: Project) -> Iterator[tuple[LinkedModule, int, Expr]]:
    """The calls of an app's `setup_security`, a name that nothing else has."""
    for module in project.modules:
        for scope, _, call, _ in module.facts.expressions:
            if call[0] == "call" and call[2][0] == "attr" and call[2][3] == "setup_security":
                yield module, scope, call


@rule(
    SerializerChoice,
    "CEL001",
    "celery-pickle-serializer",
    SECURITY,
    says="`{shown}` is pickle: whoever can write to the broker or the result backend runs code "
    "where messages are read",
)
def pickle_serializer(choice: SerializerChoice, project: Project) -> Iterator[Report]:
    """Messages or results in pickle."""
    if choice.role in ACCEPT_SETTINGS or not surely(choice.value, is_pickle):
        return
    fix = _literal(choice, choice.value) if _may_be_json(choice) else None
    yield report(choice.where, shown=choice.shown, fix=fix)


def _may_be_json(choice: SerializerChoice) -> bool:
    """Whether nothing is known that would refuse json: without it, the fix loses messages."""
    for app in choice.apps:
        try:
            accepted, _ = _accepted(app.configuration, choice.role == "result_serializer")
        except Undecided:
            continue
        if DEFAULT not in accepted:
            return False
    return True


def is_pickle(name: object) -> bool:
    """Whether a name or content type is pickle's."""
    return isinstance(name, str) and name in INSECURE


def _literal(choice: Subject, value: Value) -> list[int] | None:
    if isinstance(value, Const) and value.where.module is choice.module:
        return list(value.where.span)
    return None


@pickle_serializer.fix(UNSAFE, "Use json")
def use_json(finding: Finding, source: Source) -> Iterable[Edit]:
    """Writes json in the quotes of the literal."""
    span = finding.fix_data
    text = source.text[source.offset(span[0], span[1]) : source.offset(span[2], span[3])]
    if text.strip("'\"") in INSECURE:
        yield Edit(span, text[0] + DEFAULT + text[-1])


@rule(
    Setting,
    "CEL002",
    "celery-pickle-accepted",
    SECURITY,
    says="`{key}` accepts pickle: whoever can write to the {store} runs code where it is read",
)
def pickle_accepted(setting: Setting, project: Project) -> Iterator[Report]:
    """Pickle among what is accepted."""
    if setting.in_test or setting.name not in ACCEPT_SETTINGS or not setting.may_win:
        return
    options = possible(setting.value)
    if not options:
        return
    found = [_pickled(option) for option in options]
    if any(item is None for item in found):
        return
    item = found[0]
    assert item is not None
    own = len(options) == 1 and item.where.module is setting.module
    store = "broker" if setting.name == "accept_content" else "result backend"
    yield report(
        setting.where, key=setting.key, store=store, fix=list(item.where.span) if own else None
    )


def _pickled(value: Value) -> Value | None:
    """The item of a list that is pickle, or None.  Raises Undecided when nothing is known."""
    if isinstance(value, Items):
        return next(
            (i for i in value.items if isinstance(i, Const) and is_pickle(i.constant)), None
        )
    if isinstance(value, Const):
        return None
    raise Undecided(f"{value.describe()} at {value.where.shown}")


@pickle_accepted.fix(UNSAFE, "Accept it no longer")
def drop_item(finding: Finding, source: Source) -> Iterable[Edit]:
    """Takes the item out of its list, with the comma that it no longer needs."""
    row, column, end_row, end_column = finding.fix_data
    text = source.text
    start, end = source.offset(row, column), source.offset(end_row, end_column)
    if text[start:end].strip("'\"") not in INSECURE:
        return
    before = len(text[:start].rstrip())
    after = end + len(text[end:]) - len(text[end:].lstrip())
    if text[before - 1] != ",":
        # The first item: without a second there is nothing to accept, and that is no fix.
        rest = text[after + 1 :].lstrip()
        if text[after] != "," or rest[:1] in ("", "]", ")", "}"):
            return
        end = len(text) - len(rest)
        yield Edit(_span(source, start, end), "")
        return
    if "\n" in text[before:start] and text[after] == ",":
        # A line of its own, of which the comma of the line before stays.
        yield Edit(_span(source, before, after + 1), "")
        return
    yield Edit(_span(source, before - 1, end), "")


def _span(source: Source, start: int, end: int) -> Span:
    """Rows and columns of two offsets in the text."""
    places = []
    for offset in (start, end):
        row = source.text.count("\n", 0, offset) + 1
        places += [row, offset - (source.text.rfind("\n", 0, offset) + 1) + 1]
    return tuple(places)


@rule(
    SerializerChoice,
    "CEL003",
    "celery-serializer-not-accepted",
    CORRECTNESS,
    says="`{shown}` is {serializer}, but `{setting}`{place} accepts {accepted} only: {follows}",
)
def serializer_not_accepted(choice: SerializerChoice, project: Project) -> Iterator[Report]:
    """An app that refuses what it sends itself."""
    if not choice.apps or any(True for _ in security_calls(project)):
        return
    if choice.role in ACCEPT_SETTINGS:
        yield from _default_not_accepted(choice)
        return
    # Receivers of events accept the event serializer in any case (celery/events/receiver.py).
    if choice.role not in ("task_serializer", "result_serializer", "task", "call"):
        return
    name = _serializer(choice.value)
    if name not in CONTENT_TYPES:
        return
    result = choice.role == "result_serializer"
    if result and not all(_keeps_results(app.configuration) for app in choice.apps):
        return
    verdicts = [_accepted(app.configuration, result) for app in choice.apps]
    if any(name in accepted for accepted, _ in verdicts):
        return
    accepted, setting = next((v for v in verdicts if v[1] is not None), verdicts[0])
    yield report(
        choice.where,
        *([Related(setting.where, "what is accepted")] if setting is not None else []),
        shown=choice.shown,
        serializer=name,
        setting=setting.key if setting is not None else "accept_content",
        place=f" ({setting.where.shown})" if setting is not None else ", by default,",
        accepted=", ".join(sorted(accepted)) or "nothing",
        follows=REFUSED_RESULT if result else REFUSED_TASK,
    )


REFUSED_TASK = "workers discard the message and the result stays PENDING"
REFUSED_RESULT = "reading a result raises ContentDisallowed"


def _default_not_accepted(choice: SerializerChoice) -> Iterator[Report]:
    """`accept_content` without json, while nothing says that messages are not json."""
    configuration = choice.apps[0].configuration
    result = choice.role == "result_accept_content"
    chooser = "result_serializer" if result else "task_serializer"
    if configuration.setting(chooser) is not None:
        return
    if result and not _keeps_results(configuration):
        return
    accepted, setting = _accepted(configuration, result)
    if DEFAULT in accepted or setting is None or setting.where != choice.where:
        return
    yield report(
        choice.where,
        says="`{shown}` accepts {accepted} only, while `{chooser}` is json by default: {follows}",
        shown=choice.shown,
        accepted=", ".join(sorted(accepted)) or "nothing",
        chooser=chooser,
        follows=REFUSED_RESULT if result else REFUSED_TASK,
    )


def _serializer(value: Value) -> str | None:
    """The one serializer that a value names; None for none or another kind of value."""
    names = {option.value for option in possible(value) if option.known}
    if len(names) != 1 or not all(option.known for option in possible(value)):
        raise Undecided(f"which serializer is meant at {value.where.shown}")
    name = names.pop()
    return name if isinstance(name, str) else None


def _accepted(configuration: Configuration, result: bool) -> tuple[set[str], Setting | None]:
    """The serializers that an app accepts, by name, and the setting that says so.

    Raises Undecided when they are not all known, or one of them is the project's own: that may
    decode what another name encodes."""
    setting = configuration.setting("result_accept_content") if result else None
    if setting is None or (isinstance(setting.value, Const) and setting.value.constant is None):
        setting = configuration.setting("accept_content")
    if setting is None:
        return {DEFAULT}, None
    value = setting.value.value
    if not isinstance(value, (list, tuple, set)):
        raise Undecided(f"what is accepted at {setting.where.shown}")
    names = {normalise(str(item)) for item in value}
    if not names <= CONTENT_TYPES.keys():
        raise Undecided(f"a serializer of the project's own at {setting.where.shown}")
    return names, setting


def _keeps_results(configuration: Configuration) -> bool:
    """Whether the app has a result backend."""
    value = configuration.get("result_backend")
    return value is not None and not (isinstance(value, Const) and not value.constant)
