"""The visibility timeout, after which Redis, SQS and the like deliver a message again that nobody
has acknowledged: CEL030 and CEL031.

Facts: `kombu/transport/redis.py` and `SQS` (`visibility_timeout`); a worker holds a message with
an ETA, and that of a task which acknowledges late, unacknowledged (`celery/worker/strategy.py`,
`request.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..celery.brokers import VISIBILITY_TIMEOUTS
from ..facts import Expr, Span
from ..project.apps import App
from ..project.connections import broker_of, broker_url
from ..project.dispatch import Dispatch
from ..project.names import External
from ..project.retries import RetryCall, retries_of
from ..project.schedule import seconds_of as interval
from ..project.subject import Subject
from ..project.tasks import Task
from ..project.values import Const, Mapping, Value
from ..rule import CORRECTNESS, Related, Report, Undecided, Where, report, rule
from .limits import is_late, is_set
from .retry.options import autoretries, delays, number, retry_arguments

if TYPE_CHECKING:
    from ..project import Project

DEFAULT_MAX_RETRIES = 3
SHOWN = {"redis": "Redis", "sqs": "SQS"}


class Visibility:
    """What an app's broker does: its name, and the seconds; `where` is what sets them."""

    __slots__ = ("broker", "seconds", "where")

    def __init__(self, broker: str, seconds: float, where: Where) -> None:
        self.broker = broker
        self.seconds = seconds
        self.where = where


def visibility_of(app: App) -> Visibility | None:
    """An app's visibility timeout; None when its broker has none.  Raises Undecided."""
    configuration = app.configuration
    kind = broker_of(configuration)
    if kind not in VISIBILITY_TIMEOUTS or _is_set(app, "task_always_eager"):
        return None
    if "visibility" in broker_url(configuration):
        raise Undecided("the visibility timeout in the broker's URL")
    name = SHOWN.get(kind, kind)
    broker = configuration.setting("broker_url")
    options = configuration.get("broker_transport_options")
    if options is not None:
        if not isinstance(options, Mapping):
            raise Undecided(f"`broker_transport_options` at {options.where.shown}")
        if options.get("predefined_queues") is not None:
            raise Undecided("queues of SQS that are made elsewhere")
        given = options.get("visibility_timeout")
        if given is not None:
            return Visibility(name, number(given, 0), given.where)
    where = configuration.anchor if broker is None else broker.where
    return Visibility(name, VISIBILITY_TIMEOUTS[kind], where)


def _is_set(app: App, name: str) -> bool:
    value = app.configuration.get(name)
    return value is not None and not (isinstance(value, Const) and not value.constant)


def visibility_for(task: Task) -> Visibility | None:
    """The same for the app of a task."""
    if len(task.apps) != 1:
        raise Undecided(f"the app of the task at {task.where.shown}")
    return task.project.once(visibility_of, task.apps[0])


def seconds(number: float) -> str:
    """Seconds as a message shows them."""
    return f"{int(number) if number == int(number) else number} s"


# CEL030


@rule(
    Task,
    "CEL030",
    "celery-late-ack-exceeds-visibility",
    CORRECTNESS,
    says="`{task}` acknowledges late and may run for {limit}, but {broker} delivers its message "
    "again after {visible}: it then runs twice at once",
)
def late_ack_exceeds_visibility(task: Task, project: Project) -> Iterator[Report]:
    """A hard limit above the visibility timeout, and no soft one below it."""
    if task.in_test or not is_late(task):
        return
    hard, soft = task.option("time_limit"), task.option("soft_time_limit")
    if hard is None or not is_set(hard):
        return
    longest = number(hard, 0)
    if soft is not None and is_set(soft):
        longest = min(longest, number(soft, 0))
    visible = visibility_for(task)
    if visible is None or longest <= visible.seconds:
        return
    yield report(
        task.option_where("time_limit"),
        Related(visible.where, "this decides when messages are delivered again"),
        task=task.shown,
        limit=seconds(longest),
        broker=visible.broker,
        visible=seconds(visible.seconds),
    )


# CEL031


class Delay(Subject):
    """Something that makes a message of a task wait; `span` is its place.

    `what` is how a message shows it, `expr` the seconds or the ETA (None for an option of the
    task itself)."""

    __slots__ = ("expr", "retries", "sent", "what")

    def __init__(
        self, at: Subject, span: Span, what: str, expr: Expr | None, sent: Task, retries: int = 0
    ) -> None:
        super().__init__(at.project, at.module, at.scope, at.block, span)
        self.what = what
        self.expr = expr
        self.sent = sent
        self.retries = retries

    @classmethod
    def collect(cls, project: Project) -> list[Delay]:
        """All of them: of calls, of retries, of tasks."""
        found = []
        for dispatch in project.all(Dispatch):
            if not dispatch.publishes or dispatch.task is None or dispatch.in_test:
                continue
            for what in ("countdown", "eta"):
                if what in dispatch.options:
                    expr, span = dispatch.options[what]
                    found.append(cls(dispatch, span, what, expr, dispatch.task))
        for call in project.all(RetryCall):
            for what in ("countdown", "eta"):
                given = call.keyword(what)
                if given is not None and not call.in_test:
                    found.append(cls(call, given[1], what, given[0], call.retried))
        for task in project.all(Task):
            if not task.in_test:
                found.append(cls(task, task.span, "", None, task))
        return found


@rule(
    Delay,
    "CEL031",
    "celery-eta-exceeds-visibility",
    CORRECTNESS,
    says="{what} of {delay} is longer than the {visible} after which {broker} delivers a message "
    "again: `{task}` runs several times",
)
def eta_exceeds_visibility(delay: Delay, project: Project) -> Iterator[Report]:
    """A worker fetches a message with an ETA at once, and does not acknowledge it before then."""
    task = delay.sent
    visible = visibility_for(task)
    if visible is None:
        return
    where, what = delay.where, f"A {delay.what}" if delay.what == "countdown" else "An ETA"
    if delay.expr is None:
        longest, option = longest_of(task)
        where, what = task.option_where(option), f"A `{option}`"
        if option == "autoretry_for":
            what = "A retry's delay"
    elif delay.what == "countdown":
        longest = seconds_of(delay, delay.expr, last_retry(delay))
    else:
        longest = distance(delay, delay.expr)
    if longest > visible.seconds:
        yield report(
            where,
            Related(visible.where, "this decides when messages are delivered again"),
            what=what,
            delay=seconds(longest),
            broker=visible.broker,
            visible=seconds(visible.seconds),
            task=task.shown,
        )


def longest_of(task: Task) -> tuple[float, str]:
    """The longest delay that the task's own options give to a retry, and the option."""
    found: list[tuple[float, str]] = [(0, "default_retry_delay")]
    written = task.option("default_retry_delay")
    if written is not None and any(
        not (call.keyword("countdown") or call.keyword("eta") or call.open)
        for call in retries_of(task.project, task)
    ):
        found.append((number(written, 0), "default_retry_delay"))
    if autoretries(task):
        arguments = retry_arguments(task)
        limit = arguments.get("max_retries") or task.option("max_retries")
        count = DEFAULT_MAX_RETRIES if limit is None else limit.value
        if count is None:
            count = 64
        if isinstance(count, int) and count > 0:
            longest = max(delays(task, arguments, min(count, 64)))
            options = ("retry_backoff_max", "retry_backoff", "retry_kwargs", "default_retry_delay")
            given = [name for name in options if name in task.options]
            found.append((longest, given[0] if given else "autoretry_for"))
    return max(found)


def last_retry(delay: Delay) -> int:
    """What `self.request.retries` is at a task's last retry, at most."""
    limit = delay.sent.option("max_retries")
    count = DEFAULT_MAX_RETRIES if limit is None else limit.value
    return count - 1 if isinstance(count, int) and 0 < count <= 64 else 0


def seconds_of(subject: Subject, expr: Expr, retries: int) -> float:
    """The value of simple arithmetic, `self.request.retries` included.  Raises Undecided."""
    kind = expr[0]
    if kind == "binary":
        left = seconds_of(subject, expr[3], retries)
        right = seconds_of(subject, expr[4], retries)
        if expr[2] == "*":
            return left * right
        if expr[2] == "+":
            return left + right
        if expr[2] == "-":
            return left - right
        if expr[2] == "**" and abs(left) <= 1000 and 0 <= right <= 64:
            return float(left**right)
        if expr[2] in ("/", "//") and right:
            return left / right
    elif kind == "attr" and expr[3] == "retries" and expr[2][0] == "attr":
        if expr[2][3] == "request":
            return retries
    elif kind == "call" and expr[2][0] == "name" and expr[2][2] in ("min", "max", "int"):
        if not expr[4] and expr[3] and subject.resolve(expr[2]) == builtin(expr[2][2]):
            values = [seconds_of(subject, argument, retries) for argument in expr[3]]
            return max(values) if expr[2][2] == "max" else min(values)
    return number(least(subject.evaluate(expr)), 0)


def builtin(name: str) -> External:
    """A function of Python's own."""
    return External(f"builtins.{name}")


def least(value: Value) -> Value:
    """The smallest of several numbers, so that every one of them is at least that."""
    options = value.alternatives()
    if all(isinstance(o, Const) and isinstance(o.constant, (int, float)) for o in options):
        return min(options, key=lambda option: float(option.value))
    return value


NOW = frozenset("now utcnow localtime".split())


def distance(subject: Subject, eta: Expr) -> float:
    """How far `now() + timedelta(...)` is away, in seconds.  Raises Undecided."""
    if eta[0] == "name":
        values: Any = getattr(subject.resolve(eta), "assignments", ())
        if len(values) == 1 and values[0].op == "=":
            eta = values[0].value
    if eta[0] == "binary" and eta[2] == "+":
        left, right = eta[3:]
        for now, later in ((left, right), (right, left)):
            if now[0] == "call" and now[2][0] == "attr" and now[2][3] in NOW:
                return interval(subject.evaluate(later))
    raise Undecided("an ETA")
