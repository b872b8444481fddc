"""Tasks that nothing retries: CEL100."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...project.configuration import Setting
from ...project.names import Definition
from ...project.retries import retries_of
from ...project.schedule import BeatEntry
from ...project.tasks import Task, class_chain
from ...project.values import Const, Mapping, Value
from ...rule import PEDANTIC, Related, Report, Undecided, report, rule
from ..outside import MAIL, outside_calls_of, sends_by_smtp
from .options import ACTIVE_METHODS, acts_alone, autoretries

if TYPE_CHECKING:
    from ...project import Project


@rule(
    Task,
    "CEL100",
    "celery-external-call-without-retry",
    PEDANTIC,
    says="an error of `{call}()` {place} that would soon pass fails `{task}` at once, without a "
    "retry: list such errors in `autoretry_for`",
)
def external_call_without_retry(task: Task, project: Project) -> Iterator[Report]:
    """What leaves the body fails the task, unless `autoretry_for` lists it
    (`celery/app/trace.py`, `celery/app/autoretry.py`)."""
    if task.in_test or task.wrapped or task.replaced:
        return
    if has_other_decorators(task) or handles_failure(task) or is_called_by_a_base(task):
        return
    found = next(((s, c) for s, c in outside_calls_of(project, task) if not c.retries), None)
    if found is None or autoretries(task) or retries_of(project, task) or acts_alone(task):
        return
    seen, call = found
    if may_be_scheduled(project, task):
        # Its next run is the next attempt.
        return
    if call.name.startswith(MAIL) and not sends_by_smtp(seen):
        return
    yield report(
        task.where,
        Related(seen.where, "what may fail"),
        call=call.shown,
        place=f"on line {seen.span[0]}"
        if seen.module is task.module
        else f"at `{seen.where.shown}`",
        task=task.shown,
    )


def has_other_decorators(task: Task) -> bool:
    """Whether something besides the task's decorator stands on the function: it may retry."""
    return bool(task.decorators_below() or task.decorators_above())


def handles_failure(task: Task) -> bool:
    """Whether a class-based task has a say itself in what follows an error."""
    owner = task.owner
    return owner is not None and any(
        owner.module.bindings(owner.scope, name) for name in ACTIVE_METHODS if name != "run"
    )


def is_called_by_a_base(task: Task) -> bool:
    """Whether a base class of the project's own runs the body, maybe more than once."""
    classes = [cls for base in task.bases for cls in class_chain(task.project, base)]
    return any(
        cls.module.bindings(cls.scope, "__call__")
        for cls in classes
        if isinstance(cls, Definition) and cls != task.owner
    )


def may_be_scheduled(project: Project, task: Task) -> bool:
    """Whether a beat schedule of the project runs a task.  Raises Undecided where one has parts
    that are not known."""
    for setting in project.all(Setting):
        if setting.name_in(False) == "beat_schedule":
            if not is_known_schedule(setting.value):
                raise Undecided(f"the schedule at {setting.value.where.shown}")
    entries = project.all(BeatEntry)
    if any(task in entry.tasks for entry in entries):
        return True
    for entry in entries:
        if entry.task_name is None:
            raise Undecided(f"the task of the entry at {entry.where.shown}")
    return False


def is_known_schedule(value: Value) -> bool:
    """Whether the keys of a schedule are all known, and that each holds a dict."""
    return (
        isinstance(value, Mapping)
        and not value.open
        and all(isinstance(e.key, Const) and isinstance(e.item, Mapping) for e in value.entries)
    )
