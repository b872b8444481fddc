"""What stands in chains, groups and chords without being a signature: CEL273."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..project.canvas import Canvas
from ..project.dispatch import Dispatch, dispatch_at, expects_error, result_of, task_of_expr
from ..project.names import External
from ..project.subject import Subject
from ..rule import CORRECTNESS, UNSAFE, Edit, Finding, Report, report, rule

if TYPE_CHECKING:
    from ..facts import Expr
    from ..project import Project
    from ..project.tasks import Task
    from ..source import Source

#: Kinds of expressions whose value is no signature, whatever is in them.
NO_SIGNATURES = frozenset({"const", "bytes", "text", "compare", "dict", "set", "unary", "tuple"})


class Member(Subject):
    """A part of a chain, group or chord that is no signature: `expr`.

    `kind` is "task", "result" or "call" (of a task's function, here and now); `of_task` and
    `dispatch` are what it comes from, `whole` is the canvas."""

    __slots__ = ("dispatch", "expr", "kind", "of_task", "whole")

    def __init__(self, whole: Canvas, scope: int, expr: Expr, kind: str, task: Task | None) -> None:
        super().__init__(whole.project, whole.module, scope, whole.block, expr[1])
        self.whole = whole
        self.expr = expr
        self.kind = kind
        self.of_task = task
        self.dispatch: Dispatch | None = None

    @classmethod
    def collect(cls, project: Project) -> list[Member]:
        """All of them, one per place, in the order of the source."""
        found: dict[tuple[str, int, int], Member] = {}
        for canvas in project.all(Canvas):
            if expects_error(canvas):
                continue
            for scope, expr, in_header in parts_of(canvas):
                made = member(canvas, scope, expr)
                # A chord makes signatures of the tasks in its header, and of nothing else.
                if made is not None and (not in_header or made.kind == "result"):
                    found.setdefault((canvas.module.path, expr[1][0], expr[1][1]), made)
        return [found[place] for place in sorted(found)]


def parts_of(canvas: Canvas) -> Iterator[tuple[int, Expr, bool]]:
    """The parts of a canvas that are not canvases themselves: the scope in which each is meant,
    the part, and whether it stands in the list that is a chord's header."""
    if canvas.kind == "chord" and canvas.steps:
        header = canvas.steps[0]
        if header.expr[0] in ("list", "tuple", "comprehension"):
            for scope, expr, _ in _of_group(header):
                yield scope, expr, True
        for body in canvas.steps[1:]:
            if body.kind == "unknown" and body.module is canvas.module:
                yield body.scope, body.expr, False
    elif canvas.kind in ("chain", "group"):
        yield from _of_group(canvas)


def _of_group(canvas: Canvas) -> Iterator[tuple[int, Expr, bool]]:
    for step in canvas.steps:
        if step.kind == "unknown" and step.module is canvas.module:
            yield step.scope, step.expr, False
    expr = canvas.expr
    if not canvas.steps and canvas.open and expr[0] == "call" and len(expr[3]) == 1:
        # One argument alone is taken for a list of signatures, which a call may well give.
        only = expr[3][0]
        if only[0] != "call" or task_called(canvas, canvas.scope, only) is None:
            yield canvas.scope, only, False


def member(canvas: Canvas, scope: int, expr: Expr) -> Member | None:
    """The member that an expression is, or None when it is a signature or that is not known."""
    project, module = canvas.project, canvas.module
    if expr[0] in ("name", "attr", "sub"):
        task = task_of_expr(project, module, scope, expr)
        if task is not None:
            return Member(canvas, scope, expr, "task", task)
    result = result_of(project, module, scope, expr)
    if result is not None:
        made = Member(canvas, scope, expr, "result", None)
        if expr[0] == "call":
            made.dispatch = dispatch_at(project, module, expr)
        return made
    called = task_called(canvas, scope, expr) if expr[0] == "call" else None
    if called is not None and gives_no_signature(called):
        return Member(canvas, scope, expr, "call", called)
    return None


def task_called(canvas: Canvas, scope: int, call: Expr) -> Task | None:
    """The task whose function a call runs here and now."""
    callee = call[2]
    if callee[0] not in ("name", "attr"):
        return None
    return task_of_expr(canvas.project, canvas.module, scope, callee)


def gives_no_signature(task: Task) -> bool:
    """Whether nothing that a task's function returns can be a signature."""
    facts = task.function.facts
    if task.class_based or facts.kind != "function" or "stub" in facts.flags:
        return False
    for returned in facts.returns:
        if returned[0] in NO_SIGNATURES:
            continue
        if returned[0] == "binary" and returned[2] != "|":
            continue
        if returned[0] == "call":
            target = task.project.names.resolve(
                returned[2], task.function.module, task.function.scope
            )
            if isinstance(target, External) and target.name.startswith("builtins."):
                continue
        return False
    return True


@rule(
    Member,
    "CEL273",
    "celery-canvas-member-not-signature",
    CORRECTNESS,
    says="A {kind} is made of signatures, but {what}: building or sending it raises {error}",
)
def canvas_member_not_signature(member: Member, project: Project) -> Iterator[Report]:
    """`_chain.__new__`, `group` and `_chord` (`celery/canvas.py`)."""
    if member.kind == "result":
        dispatch = member.dispatch
        sent = f"`{dispatch.method}()` sends the task at once and" if dispatch else "this"
        what = f"{sent} gives a result"
    elif member.kind == "call":
        what = (
            f"`{member.of_task.shown}(...)` runs here, and its value" if member.of_task else "this"
        )
        what = f"{what} is none"
    else:
        what = f"`{member.of_task.shown}` is a task" if member.of_task else "this is a task"
    yield report(
        member.where,
        kind=member.whole.kind,
        what=what,
        error="TypeError or AttributeError",
        fix=_repair(member),
    )


def _repair(member: Member) -> list[object] | None:
    """What to write, and where: `.s()` behind a task, `.s` for `.delay` or before a call."""
    if member.kind == "task":
        end = member.expr[1][2:]
        return [[*end, *end], ".s()"]
    if member.expr[0] != "call":
        return None
    callee = member.expr[2][1]
    if member.kind == "call":
        return [[*callee[2:], *callee[2:]], ".s"]
    if member.dispatch is None or member.dispatch.method != "delay":
        return None
    row, column = callee[2:]
    return [[row, column - len("delay"), row, column], "s"]


@canvas_member_not_signature.fix(UNSAFE, "Make it a signature")
def make_signature(finding: Finding, source: Source) -> Iterable[Edit]:
    """`add` to `add.s()`, `add.delay(1)` and `add(1)` to `add.s(1)`."""
    span, text = finding.fix_data
    yield Edit(span, text)
