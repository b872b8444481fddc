"""What a worker reserves besides the tasks that it runs (CEL441)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..project.apps import App
from ..project.configuration import Setting
from ..project.connections import broker_of
from ..project.deployment import may_give
from ..project.subject import Subject
from ..project.tasks import Task
from ..project.values import Const, possible, truth_of
from ..rule import (
    PREVIEW,
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
from .beat.entries import every
from .beat.options import limit_of
from .canvas import runs_eagerly
from .edits import text_at
from .limits import is_late, known
from .visibility import visibility_of

if TYPE_CHECKING:
    from ..project import Project
    from ..source import Source

DEFAULT_MULTIPLIER = 4
#: A task that may run for so many seconds is long; one that may not for so many is short.
LONG, SHORT = 300, 60


class Reserving(Subject):
    """An app, at the place that says how much its workers reserve, or where one could say it."""

    __slots__ = ("app",)

    def __init__(self, app: App, at: Where) -> None:
        super().__init__(app.project, at.module, 0, 0, at.span)
        self.app = app

    @classmethod
    def collect(cls, project: Project) -> list[Reserving]:
        """One for each app."""
        found = []
        for app in project.all(App):
            setting = known(app.configuration.setting, "worker_prefetch_multiplier")
            at = app.configuration.anchor if setting is None else setting.where
            found.append(cls(app, at))
        return found


@rule(
    Reserving,
    "CEL441",
    "celery-prefetch-with-long-tasks",
    SUSPICIOUS,
    says="a worker reserves {count} messages for each of its processes, and `{task}` {lasts}: what "
    "waits behind it no other worker gets{again}; `worker_prefetch_multiplier = 1` reserves least",
    status=PREVIEW,
)
def prefetch_with_long_tasks(reserving: Reserving, project: Project) -> Iterator[Report]:
    """A multiplier above 1, or the default, in an app with long tasks."""
    app = reserving.app
    if app.in_test or runs_eagerly(app) or takes_only_what_runs(app):
        return
    if may_give(app, "prefetch-multiplier", "disable-prefetch"):
        return
    count, setting = reserved_for_each_process(app)
    if count <= 1:
        return
    tasks = [task for task in project.all(Task) if app in task.apps and not task.in_test]
    found = [known(evidence, task) for task in tasks]
    limit, lasts, task = max(
        (proof for proof in found if proof is not None),
        key=lambda proof: proof[0],
        default=(0.0, "", None),
    )
    if task is None:
        return
    again = ""
    visibility = known(visibility_of, app)
    if visibility is not None and count * limit > visibility.seconds:
        after = span_of(visibility.seconds)
        again = f", and what waits longer than {after} {visibility.broker} delivers again"
    literal = setting is not None and setting.value.where.module is setting.module
    yield report(
        reserving.where,
        Related(task.where, lasts),
        count=count,
        task=task.shown,
        lasts=lasts,
        again=again,
        fix=list(setting.value.where.span) if setting is not None and literal else None,
    )


def reserved_for_each_process(app: App) -> tuple[int, Setting | None]:
    """How many messages a worker reserves for each process, and the setting that says so; None for
    the default.  Raises Undecided."""
    setting = app.configuration.setting("worker_prefetch_multiplier")
    if setting is None:
        return DEFAULT_MULTIPLIER, None
    counts = []
    for option in possible(setting.value):
        if not isinstance(option, Const) or not isinstance(option.constant, int):
            raise Undecided(f"`{setting.key}` at {setting.where.shown}")
        counts.append(option.constant)
    return min(counts), setting


def takes_only_what_runs(app: App) -> bool:
    """Whether `worker_disable_prefetch` is set, or may be, and not surely for a broker with which
    it has no effect (`celery/worker/consumer/tasks.py`: Redis alone)."""
    value = app.configuration.get("worker_disable_prefetch")
    return (
        value is not None
        and truth_of(value) is not False
        and known(broker_of, app.configuration) in (None, "redis")
    )


def evidence(task: Task) -> tuple[float, str, Task] | None:
    """The seconds for which a task may run (0: not known), why it counts as long, and the task;
    None where it does not.  Raises Undecided."""
    limit = own_limit(task)
    if limit is not None and limit >= LONG:
        return limit, f"may run for {span_of(limit)}", task
    if (limit is None or limit >= SHORT) and is_late(task):
        return 0.0, "acknowledges late", task
    return None


def own_limit(task: Task) -> float | None:
    """The seconds after which a task is stopped, where the task itself or an annotation says so:
    a setting for all of them says nothing of a single one."""
    names = ("time_limit", "soft_time_limit")
    if all(task.written(name) is None and task.annotation(name) is None for name in names):
        return None
    limits = [limit_of(name, None, task) for name in names]
    return min((limit for limit in limits if limit), default=None)


def span_of(seconds: float) -> str:
    """Seconds in words: "5 minutes", "1 hour"."""
    text = every(seconds).removeprefix("every ")
    return text if text[0].isdigit() else f"1 {text}"


@prefetch_with_long_tasks.fix(UNSAFE, "Write 1")
def write_one(finding: Finding, source: Source) -> Iterable[Edit]:
    """Replaces a literal number by 1."""
    if text_at(source, finding.fix_data).isdecimal():
        yield Edit(finding.fix_data, "1")
