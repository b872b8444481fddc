"""Calls of `retry` on a task, and which task an expression in a body means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..facts import Expr, Span
from ..rule import Undecided
from .names import Definition, External, LinkedModule, ParameterRef
from .subject import Subject
from .tasks import is_task_class, task_with_body

if TYPE_CHECKING:
    from . import Project
    from .tasks import Task

CURRENT_TASK = frozenset({"celery.current_task", "celery._state.current_task"})


class RetryCall(Subject):
    """One call `task.retry(...)`, of a bound task's `self`, by the task's own name, or of
    `current_task`.

    `call` is the call, `retried` the task; `within` names the syntax that holds it ("Raise",
    "Expr", "Return", ...)."""

    __slots__ = ("call", "retried", "within")

    def __init__(
        self,
        project: Project,
        module: LinkedModule,
        scope: int,
        block: int,
        call: Expr,
        retried: Task,
        within: str,
    ) -> None:
        super().__init__(project, module, scope, block, call[1])
        self.call = call
        self.retried = retried
        self.within = within

    @classmethod
    def collect(cls, project: Project) -> list[RetryCall]:
        """Every such call, in the order of modules and rows."""
        found = []
        for module in project.modules:
            for fact in module.facts.expressions:
                call = fact.expr
                if call[0] != "call" or call[2][0] != "attr" or call[2][3] != "retry":
                    continue
                task = task_meant(project, module, fact.scope, call[2][2])
                if task is not None:
                    found.append(
                        RetryCall(project, module, fact.scope, fact.block, call, task, fact.within)
                    )
        return found

    @property
    def positional(self) -> list[Expr]:
        """The positional arguments as written; `*args` is one."""
        return list(self.call[3])

    def keyword(self, name: str) -> tuple[Expr, Span] | None:
        """A keyword argument and its place, `name=value`; None when it is not written."""
        for keyword, value, span in self.call[4]:
            if keyword == name:
                return value, span
        return None

    @property
    def open(self) -> bool:
        """Whether `**options` may give more keyword arguments."""
        return any(keyword is None for keyword, _, _ in self.call[4])


def task_meant(project: Project, module: LinkedModule, scope: int, expr: Expr) -> Task | None:
    """The task object that an expression in a body stands for, or None: the `self` of a bound
    task (also from functions nested in it), `current_task`, a task by its name."""
    target = project.names.resolve(expr, module, scope)
    if isinstance(target, ParameterRef):
        task = task_with_body(project, Definition(target.module, target.scope))
        return task if task is not None and task.task_parameter == target.name else None
    if isinstance(target, External) and target.name in CURRENT_TASK:
        function = module.enclosing_function(scope)
        return task_with_body(project, Definition(module, function)) if function else None
    return project.task_of(target)


def retries_of(project: Project, task: Task) -> list[RetryCall]:
    """The calls of `retry` on a task."""
    return [call for call in project.all(RetryCall) if call.retried is task]


def read_by_others(project: Project, option: str, task: Task) -> bool:
    """Whether something besides Celery may read an option of a task as an attribute: its own
    body, or code that gets at tasks in a way that cannot be followed."""
    if read_by_unknown_name(project, task):
        return True
    for module in project.modules:
        for fact in module.facts.expressions:
            owner = _option_read(fact.expr, option)
            if owner is None:
                continue
            target = project.names.resolve(owner, module, fact.scope)
            if isinstance(target, ParameterRef):
                facts = target.module.facts.scopes[target.scope]
                if target.module.facts.scopes[facts.parent].kind == "class":
                    if not _is_task_class(project, target.module, facts.parent):
                        continue
            read = task_meant(project, module, fact.scope, owner)
            if read is None or read is task:
                return True
    return False


def read_by_unknown_name(project: Project, task: Task) -> bool:
    """Whether `getattr` reads an attribute whose name is not known of a task: its own body does,
    or a function whose parameter is named like a task."""
    reads: list[tuple[LinkedModule, int, Expr]] | None = project.kept.get("getattr")
    if reads is None:
        reads = [
            (module, fact.scope, fact.expr[3][0])
            for module in project.modules
            for fact in module.facts.expressions
            if _reads_unknown_name(fact.expr)
        ]
        project.kept["getattr"] = reads
    for module, scope, owner in reads:
        target = project.names.resolve(owner, module, scope)
        read = task_meant(project, module, scope, owner)
        if read is task:
            return True
        if read is None and isinstance(target, ParameterRef):
            if target.name == "sender" or target.name.lower().endswith("task"):
                return True
            if Definition(target.module, target.scope) == task.function and _may_be_bound(task):
                return True
    return False


def _may_be_bound(task: Task) -> bool:
    try:
        return task.bind and task.task_parameter is None
    except Undecided:
        return True


def _reads_unknown_name(expr: Expr) -> bool:
    return bool(
        expr[0] == "call"
        and expr[2][0] == "name"
        and expr[2][2] == "getattr"
        and len(expr[3]) > 1
        and expr[3][1][0] != "const"
    )


def _option_read(expr: Expr, option: str) -> Expr | None:
    """The object of which an expression reads the attribute `option`, or None."""
    if expr[0] == "attr" and expr[3] == option:
        return expr[2]  # type: ignore[no-any-return]
    if expr[0] == "call" and expr[2][0] == "name" and expr[2][2] == "getattr":
        arguments = expr[3]
        if len(arguments) > 1 and arguments[1][0] == "const" and arguments[1][2] == option:
            return arguments[0]  # type: ignore[no-any-return]
    return None


def _is_task_class(project: Project, module: LinkedModule, scope: int) -> bool:
    return is_task_class(project, Definition(module, scope)) is not False
