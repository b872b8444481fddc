"""Results that are stored and that nobody can ask for (CEL166)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..project.connections import backend_of
from ..project.dispatch import Dispatch
from ..project.schedule import BeatEntry
from ..project.tasks import Task
from ..project.values import surely
from ..rule import PEDANTIC, UNSAFE, Edit, Finding, Report, report, rule
from .canvas import runs_eagerly
from .edits import appended, call_at

if TYPE_CHECKING:
    from ..project import Project
    from ..source import Source

#: Backends whose results people look at: those of django-celery-results stand in Django's admin.
LOOKED_AT = frozenset({"django-db", "django-cache", "disabled", "rpc"})
#: Words in a task that hand its id on, or something in the place of its result.
HANDS_ON = ("request.id", "update_state", "replace", "add_to_chord", "backend", "task_id")
#: Options of a call by which somebody else knows of the result.
KNOWN_BY = frozenset("task_id chord link link_error reply_to group_id ignore_result".split())


@rule(
    Task,
    "CEL166",
    "celery-unread-result",
    PEDANTIC,
    says="`{task}` returns nothing and nobody keeps its id, yet each run stores a result in the "
    "{backend} backend; `ignore_result=True` saves that",
)
def unread_result(task: Task, project: Project) -> Iterator[Report]:
    """A result that only says that the task has run, and that nobody asks for."""
    if task.in_test or task.replaced or task.hidden or len(task.apps) != 1 or returns(task):
        return
    if task.decorators_below():
        return
    ignored, app = task.option("ignore_result"), task.apps[0]
    if ignored is not None and not surely(ignored, lambda value: value is False):
        return
    if task.option("backend") is not None or task.written("track_started") is not None:
        return
    backend = backend_of(app.configuration)
    if backend in LOOKED_AT or runs_eagerly(app) or project.mentions("TaskResult"):
        return
    if not is_sent_and_forgotten(task, project) or is_used_otherwise(task, project):
        return
    fixable = (
        task.decorator is not None and not task.wrapped and "ignore_result" not in task.options
    )
    yield report(
        task.where, task=task.shown, backend=backend, fix=list(task.span) if fixable else None
    )


def returns(task: Task) -> bool:
    """Whether a task's function may give something, or hands its id on."""
    facts = task.function.facts
    if any(not (r[0] == "const" and r[2] is None) for r in facts.returns):
        return True
    if "generator" in facts.flags or "stub" in facts.flags or "async" in facts.flags:
        return True
    text = task.project.text_of(task.function.module).decode("utf-8", "replace")
    own = "\n".join(text.splitlines()[facts.whole[0] - 1 : facts.whole[2]])
    return any(word in own for word in HANDS_ON)


def is_sent_and_forgotten(task: Task, project: Project) -> bool:
    """Whether the task is sent, and no call of it keeps what it gives."""
    sent = any(task in entry.tasks for entry in project.all(BeatEntry) if not entry.in_test)
    for dispatch in project.all(Dispatch):
        if dispatch.task is not task or dispatch.in_test or dispatch.method == "apply":
            continue
        if not dispatch.publishes or dispatch.open_options or KNOWN_BY & set(dispatch.options):
            return False
        if dispatch.within != "Expr" and not dispatch.method.endswith("_on_commit"):
            return False
        sent = True
    return sent


def is_used_otherwise(task: Task, project: Project) -> bool:
    """Whether a file that speaks of Celery names the task where it is neither sent nor called."""
    name = re.escape(task.shown)
    other = re.compile(
        rf"(?<![\w'\"]){name}(?!\w|['\"]|\s*\(|\.(?:delay|apply_async|apply)(?:_on_commit)?\s*\()"
    )
    for text in project.texts():
        for line in text.splitlines():
            if task.shown in line and not is_import(line) and other.search(line):
                return True
    return False


def is_import(line: str) -> bool:
    """Whether a line imports, or is one of the lines of a long import."""
    return line.lstrip().startswith(("from ", "import ", "#")) or bool(
        re.fullmatch(r"\s*\w+(?: as \w+)?,?\s*\)?", line)
    )


@unread_result.fix(UNSAFE, "Ignore the result")
def ignore_result(finding: Finding, source: Source) -> Iterable[Edit]:
    """Gives the decorator `ignore_result=True`."""
    span = finding.fix_data
    row, column = span[2:]
    call = call_at(source, span)
    if call is None:
        yield Edit((row, column, row, column), "(ignore_result=True)")
        return
    parts = [source.span(part) for part in (*call.args, *call.keywords)]
    if parts:
        yield appended(source, max(p[2:] for p in parts), span, "ignore_result=True")
    else:
        yield Edit((row, column - 1, row, column - 1), "ignore_result=True")
