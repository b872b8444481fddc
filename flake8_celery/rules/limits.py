"""CEL010-049: time limits, acknowledgement and rate limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from ..celery.settings import working_spelling
from ..extract.observe import observe
from ..facts import NOWHERE, Expr
from ..project import Project
from ..project.apps import App
from ..project.configuration import Setting
from ..project.deployment import Command
from ..project.names import Definition, External
from ..project.routing import matches
from ..project.subject import Seen, Subject
from ..project.tasks import Task, task_with_body
from ..project.values import Const, Mapping, Value, possible
from ..rule import (
    CORRECTNESS,
    PEDANTIC,
    SAFE,
    SUSPICIOUS,
    UNSAFE,
    Edit,
    Finding,
    Related,
    Report,
    Undecided,
    Where,
    report,
    rule,
)
from ..source import Source
from .bodies import VERBS, last_name, own_nodes

if TYPE_CHECKING:
    import ast

    from ..extract.observe import Site

Answer = TypeVar("Answer")

#: Pools that cannot interrupt a task (`celery/concurrency`): a limit has no effect there, or, with
#: gevent, only while the task waits.
POOLS_WITHOUT_LIMITS = frozenset({"solo", "threads", "eventlet", "gevent"})
MODIFIERS = ("", "s", "m", "h")
WRITTEN_MODIFIERS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
}
#: Options that only a task which acknowledges late obeys, and the value that asks for something
#: (`celery/worker/request.py`: `on_failure`, `on_timeout`).
NEEDS_LATE_ACK = {
    "reject_on_worker_lost": True,
    "acks_on_failure_or_timeout": False,
    "acks_on_failure": False,
    "acks_on_timeout": False,
}


def known(ask: Callable[..., Answer], *arguments: Any) -> Answer | None:
    """What `ask(*arguments)` gives, or None where it is undecided."""
    try:
        return ask(*arguments)
    except Undecided:
        return None


class TasksAndSettings(Subject):
    """Tasks, and settings that hold for all of them."""

    @classmethod
    def collect(cls, project: Project) -> list[Any]:
        """All tasks and all settings of a project."""
        return [*project.all(Task), *project.all(Setting)]


# CEL010


@rule(
    App,
    "CEL010",
    "celery-missing-time-limit",
    SUSPICIOUS,
    says="{which} no time limit, so one that hangs keeps its worker process "
    "for ever; `{line}` would limit all of them",
)
def missing_time_limit(app: App, project: Project) -> Iterator[Report]:
    """Reports once, on the app."""
    configuration = app.configuration
    tasks = [task for task in project.all(Task) if app in task.apps and not task.in_test]
    if app.in_test or not tasks or not configuration.closed or pool_ignores_limits(app):
        return
    if any(is_set(configuration.get(s)) for s in ("task_time_limit", "task_soft_time_limit")):
        return
    if any(may_limit(command, app) for command in project.all(Command)):
        return
    answers = [known(is_unlimited, task) for task in tasks]
    unlimited = [task for task, answer in zip(tasks, answers, strict=True) if answer]
    if unlimited:
        django = any(setting.key.isupper() for setting in configuration.settings)
        name = working_spelling("task_time_limit", configuration.namespace, upper=django)
        related = [Related(task.where, "has no time limit") for task in unlimited[:5]]
        yield report(
            configuration.anchor,
            *related,
            which=_counted(len(unlimited), len(tasks), None in answers),
            line=name if name.isupper() else f"app.conf.{name}",
        )


def may_limit(command: Command, app: App) -> bool:
    """Whether a worker command may run an app with a time limit, or with a pool that cannot
    stop a task."""
    if not command.is_worker or command.app not in (None, app):
        return False
    try:
        limits = [command.option(name) for name in ("time-limit", "soft-time-limit")]
        return any(limits) or command.option("pool") in POOLS_WITHOUT_LIMITS
    except Undecided:
        return True


def _counted(count: int, total: int, more: bool) -> str:
    if count == total:
        return "The only task has" if total == 1 else f"All {total} tasks have"
    verb = "has" if count == 1 else "have"
    return f"{'At least ' if more else ''}{count} of the {total} tasks {verb}"


def pool_ignores_limits(app: App) -> bool:
    """Whether the app's worker pool is one that cannot stop a task, or may be."""
    pool = app.configuration.get("worker_pool")
    if pool is None:
        return False
    return not all(
        isinstance(option, Const) and option.constant not in POOLS_WITHOUT_LIMITS
        for option in pool.alternatives()
    )


def is_set(limit: Value | None) -> bool:
    """Whether a limit limits: None and 0 do not; what is not known may."""
    return limit is not None and not (isinstance(limit, Const) and not limit.constant)


def is_unlimited(task: Task) -> bool:
    """Whether neither limit of a task is set, anywhere."""
    return not is_set(task.option("time_limit")) and not is_set(task.option("soft_time_limit"))


# CEL011


@rule(
    TasksAndSettings,
    "CEL011",
    "celery-soft-limit-above-hard",
    CORRECTNESS,
    says="`{soft_name}` ({soft}) is above `{hard_name}` ({hard}){elsewhere}: the soft limit "
    "can never come first{refused}",
)
def soft_limit_above_hard(subject: Task | Setting, project: Project) -> Iterator[Report]:
    """The pair of a task, or the pair of settings."""
    if isinstance(subject, Setting):
        yield from _settings_inverted(subject)
        return
    own = [
        name
        for name in ("soft_time_limit", "time_limit")
        if known(subject.written, name) is not None
    ]
    if not own:
        return
    soft, hard = subject.option("soft_time_limit"), subject.option("time_limit")
    if soft is not None and hard is not None and inverted(soft, hard):
        place = subject.option_where(own[0])
        other = next((v for v in (soft, hard) if v.where.module is not subject.module), None)
        shown = f" at `{other.where.shown}`" if other is not None else ""
        given = {name: name in own or known(subject.annotation, name) for name in LIMITS}
        setting_name = {name: name if given[name] else f"task_{name}" for name in LIMITS}
        yield report(
            place,
            soft=soft.value,
            hard=hard.value,
            soft_name=setting_name["soft_time_limit"],
            hard_name=setting_name["time_limit"],
            elsewhere=shown,
            refused=_refused(project, (5, 5) if len(own) == len(LIMITS) else (5, 7)),
        )


LIMITS = ("soft_time_limit", "time_limit")


def _refused(project: Project, since: tuple[int, int]) -> str:
    """What newer releases do with such a task.  `apply_async` looks at the task's own limits
    since 5.5, and those of the settings are the task's own since 5.7 (`Task.from_config`)."""
    newest = project.celery[1]
    if newest is not None and newest < since:
        return ""
    return f", and Celery {since[0]}.{since[1]} and newer refuse to send the task"


def _settings_inverted(setting: Setting) -> Iterator[Report]:
    if setting.name != "task_soft_time_limit":
        return
    configuration = setting.app.configuration
    if configuration.setting("task_soft_time_limit") is not setting:
        return
    hard = configuration.get("task_time_limit")
    if hard is not None and inverted(setting.value, hard):
        shown = "" if hard.where.module is setting.module else f" at `{hard.where.shown}`"
        yield report(
            setting.where,
            soft=setting.value.value,
            hard=hard.value,
            soft_name=setting.key,
            hard_name="task_time_limit",
            elsewhere=shown,
            refused=_refused(setting.project, (5, 7)),
        )


def inverted(soft: Value, hard: Value) -> bool:
    """Whether a soft limit is above a hard one, both of them numbers above 0."""
    values = soft.value, hard.value
    if any(isinstance(v, bool) or not isinstance(v, (int, float)) or v <= 0 for v in values):
        return False
    return bool(soft.value > hard.value)


# CEL021


@rule(
    Task,
    "CEL021",
    "celery-late-ack-not-set",
    PEDANTIC,
    says="`{task}` is one of `late-ack-tasks`, but acknowledges early: when a worker dies while it "
    "runs, it is not run again; set `acks_late=True`",
)
def late_ack_not_set(task: Task, project: Project) -> Iterator[Report]:
    """A task that the configuration wants to acknowledge late, and that does not."""
    patterns = project.options.get("late-ack-tasks") or ()
    if task.in_test or not patterns or task.name is None:
        return
    if any(matches(pattern, task.name) for pattern in patterns):
        late = task.option("acks_late")
        if late is None or not any(option.value for option in possible(late)):
            yield report(task.option_where("acks_late"), task=task.name)


# CEL022


@rule(
    TasksAndSettings,
    "CEL022",
    "celery-reject-flags-without-late-ack",
    CORRECTNESS,
    says="`{option}={value}` has no effect{of}: without `{late}=True` the message is acknowledged "
    "before the task runs",
)
def reject_flags_without_late_ack(subject: Task | Setting, project: Project) -> Iterator[Report]:
    """The options of a task, or a setting where no task acknowledges late."""
    if isinstance(subject, Setting):
        yield from _settings_without_late_ack(subject, project)
        return
    for option, asks in NEEDS_LATE_ACK.items():
        values = [known(subject.written, option), known(subject.option, option)]
        if any(value is None or not is_exactly(value, asks) for value in values):
            continue
        if is_late(subject):
            return
        yield report(
            subject.option_where(option),
            option=option,
            value=asks,
            of="",
            late="acks_late",
            fix={"option": option} if option in subject.options and _in_place(subject) else None,
        )


def _in_place(task: Task) -> bool:
    """Whether the decorator itself may get another keyword."""
    decorator = task.decorator
    return (
        decorator is not None
        and decorator[0] == "call"
        and "acks_late" not in task.options
        and not task.wrapped
    )


def is_late(task: Task) -> bool:
    """Whether a task acknowledges late.  Raises Undecided when that is not known."""
    value = task.option("acks_late")
    return value is not None and bool(value.value)


def is_exactly(value: Value, wanted: bool) -> bool:
    """Whether a value is that bool, in every case."""
    return all(isinstance(o, Const) and o.constant is wanted for o in value.alternatives())


def _settings_without_late_ack(setting: Setting, project: Project) -> Iterator[Report]:
    name = setting.name
    option = name.removeprefix("task_") if name else ""
    if option not in NEEDS_LATE_ACK or not is_exactly(setting.value, NEEDS_LATE_ACK[option]):
        return
    app = setting.app
    if app.configuration.setting(name or "") is not setting or setting.in_test or app.in_test:
        return
    tasks = [task for task in project.all(Task) if not task.in_test]
    if not tasks or any(app not in task.apps for task in tasks):
        return
    if not any(is_late(task) for task in tasks):
        late = known(app.configuration.get, "task_acks_late")
        if late is None or is_exactly(late, False):
            yield report(
                setting.where,
                option=setting.key,
                value=NEEDS_LATE_ACK[option],
                of=f" on any of the {len(tasks)} tasks" if len(tasks) > 1 else "",
                late="acks_late",
            )


@reject_flags_without_late_ack.fix(UNSAFE, "Acknowledge late")
def add_acks_late(finding: Finding, source: Source) -> Iterable[Edit]:
    """`reject_on_worker_lost=True` to `acks_late=True, reject_on_worker_lost=True`."""
    row, column = finding.span[0], finding.span[1]
    yield Edit((row, column, row, column), "acks_late=True, ")


# CEL035


class RateLimit(Subject):
    """One rate limit as it is written: an option, a setting, an annotation, a remote command."""

    __slots__ = ("remote", "value")

    def __init__(self, project: Project, value: Value, remote: bool) -> None:
        where = value.where
        super().__init__(project, where.module, 0, 0, where.span or NOWHERE)
        self.value = value
        self.remote = remote

    @classmethod
    def collect(cls, project: Project) -> list[RateLimit]:
        """Every rate limit of a project, one for each place."""
        found: dict[tuple[str, int, int], RateLimit] = {}
        limits = [(value, False) for value in _rate_limits(project)]
        limits += [(value, True) for value in _remote_rate_limits(project)]
        for value, remote in limits:
            for option in value.alternatives():
                where = option.where
                key = (where.module.path, where.span[0], where.span[1])
                found.setdefault(key, cls(project, option, remote))
        return [found[key] for key in sorted(found)]


def _name(setting: Setting) -> str | None:
    return setting.name


def _rate_limits(project: Project) -> Iterator[Value]:
    for task in project.all(Task):
        value = known(task.written, "rate_limit")
        if value is not None:
            yield value
    for setting in project.all(Setting):
        name = known(_name, setting)
        if name == "task_default_rate_limit":
            yield setting.value
        elif name == "task_annotations" and isinstance(setting.value, Mapping):
            for entry in setting.value.entries:
                if isinstance(entry.item, Mapping):
                    limit = entry.item.entry("rate_limit")
                    if limit is not None:
                        yield limit.item


def _remote_rate_limits(project: Project) -> Iterator[Value]:
    for module in project.modules:
        for expression in module.facts.expressions:
            call = expression.expr
            if call[0] != "call" or call[2][0] != "attr" or call[2][3] != "rate_limit":
                continue
            if call[2][2][0] == "attr" and call[2][2][3] == "control":
                args, kwargs, _ = project.values.arguments(call, module, expression.scope)
                limit_value = kwargs.get("rate_limit", args[1] if len(args) > 1 else None)
                if limit_value is not None:
                    yield limit_value


@rule(
    RateLimit,
    "CEL035",
    "celery-invalid-rate-limit",
    CORRECTNESS,
    says="`{limit}` is not a rate limit{effect}: write a number, alone or with `/s`, `/m` or `/h`",
)
def invalid_rate_limit(limit: RateLimit, project: Project) -> Iterator[Report]:
    """A text that `celery.utils.time.rate` cannot read."""
    text = limit.value.value
    if isinstance(text, str) and not is_rate(text):
        corrected = corrected_rate(text)
        yield report(
            Where(limit.module, limit.span),
            limit=text,
            effect="" if limit.remote else ", so the worker stops when it starts",
            fix=None if corrected is None else {"text": text, "corrected": corrected},
        )


def is_rate(text: str) -> bool:
    """Whether `celery.utils.time.rate` can read a text."""
    if not text:
        return True
    number, _, modifier = text.partition("/")
    return modifier in MODIFIERS and _is_number(number)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def corrected_rate(text: str) -> str | None:
    """What a rate limit was surely meant to be: `10/min` is `10/m`.  None: not known."""
    number, slash, modifier = text.partition("/")
    meant = WRITTEN_MODIFIERS.get(modifier.strip().lower())
    if not slash or meant is None or not _is_number(number.strip()):
        return None
    return f"{number.strip()}/{meant}"


@invalid_rate_limit.fix(SAFE, "Write the unit as `s`, `m` or `h`")
def correct_rate(finding: Finding, source: Source) -> Iterable[Edit]:
    """Replaces the text inside its quotes."""
    row, column, end_row, end_column = finding.span
    data = dict(finding.fix_data)
    start, end = source.offset(row, column), source.offset(end_row, end_column)
    literal = source.text[start:end]
    if literal.count(data["text"]) == 1:
        yield Edit(finding.span, literal.replace(data["text"], data["corrected"]))


# CEL020

#: Functions of `requests` that wait as long as the other side likes unless they get `timeout=`.
WAITING_CALLS = frozenset({f"requests.{verb}" for verb in VERBS}) | {"urllib.request.urlopen"}
SESSIONS = frozenset({"requests.Session", "requests.session", "requests.sessions.Session"})


SENDING = frozenset({*VERBS, "urlopen"})


@observe("FunctionDef", "AsyncFunctionDef", needs=["requests", "urlopen"])
def requests_sent(node: Any, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """Calls like `requests.get(url)` without a timeout, in functions that may be tasks."""
    if not (node.decorator_list or node.name == "run"):
        return
    renamed = site.mentions("from requests") or site.mentions("requests as")
    if not (site.holds(node, "requests", "urlopen") or renamed):
        return
    import ast

    sessions = local_sessions(node) if site.mentions("ession") else {}
    for part in own_nodes(node.body):
        if not isinstance(part, ast.Call) or last_name(part.func) not in SENDING:
            continue
        if any(keyword.arg in (None, "timeout") for keyword in part.keywords):
            continue
        if any(isinstance(argument, ast.Starred) for argument in part.args):
            continue
        if last_name(part.func) == "urlopen" and len(part.args) > 2:
            continue
        session = sessions.get(last_name(getattr(part.func, "value", None)))
        data = {"function": site.scope_of(node), "called": site.expr(part.func)}
        yield part, {**data, "session": session and site.expr(session)}


def local_sessions(function: ast.FunctionDef) -> dict[str, ast.expr]:
    """The local names that are assigned `requests.Session()` and nothing else, with what is
    called."""
    import ast

    made: dict[str, list[ast.AST | None]] = {}
    for part in own_nodes(function.body):
        if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name):
            made.setdefault(part.targets[0].id, []).append(part.value)
        elif isinstance(part, ast.withitem) and isinstance(part.optional_vars, ast.Name):
            made.setdefault(part.optional_vars.id, []).append(part.context_expr)
    return {
        name: calls[0].func
        for name, calls in made.items()
        if len(calls) == 1 and isinstance(calls[0], ast.Call)
    }


@rule(
    requests_sent,
    "CEL020",
    "celery-request-without-timeout",
    SUSPICIOUS,
    says="`{call}()` without `timeout=`, in a task without a time limit: a server that does not "
    "answer keeps the worker process for ever",
)
def request_without_timeout(seen: Seen, project: Project) -> Iterator[Report]:
    """Neither requests nor urllib has a timeout by default, and nothing else stops the task."""
    function = Definition(seen.module, seen.data["function"])
    task = task_with_body(project, function)
    called = seen.data["called"]
    if task is None or task.in_test or not waits(seen, called, function.scope):
        return
    if not is_unlimited(task) or project.once(sets_timeouts_elsewhere, project):
        return
    yield report(seen.where, call=shown_name(called))


def sets_timeouts_elsewhere(project: Project) -> bool:
    """Whether any file of the project gives all requests a timeout: a default for sockets, or a
    method of requests replaced by its own."""
    signs = (b"setdefaulttimeout", b"HTTPAdapter.send", b"Session.request", b"Session.send")
    return any(sign in project.text_at(path) for path in project.paths for sign in signs)


def waits(seen: Seen, called: Expr, scope: int) -> bool:
    """Whether it is one of the functions that wait, or a method of a plain session."""
    names = seen.project.names
    target = names.resolve(called, seen.module, scope)
    if isinstance(target, External) and target.name in WAITING_CALLS:
        return True
    session = seen.data["session"]
    if session is None or session[0] not in ("name", "attr"):
        return False
    made = names.resolve(session, seen.module, scope)
    return isinstance(made, External) and made.name in SESSIONS


def shown_name(called: Expr) -> str:
    """A called name as it is written, `...` for what is no name."""
    if called[0] == "attr":
        return f"{shown_name(called[2])}.{called[3]}"
    return str(called[2]) if called[0] == "name" else "..."
