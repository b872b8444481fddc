"""What calls give for `args` and `kwargs`, and the names of tasks: CEL224 and CEL232."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..celery.builtin_tasks import BUILTIN_TASKS
from ..celery.words import nearest
from ..project.dispatch import (
    PARAMETERS,
    SIGNATURE_PARAMETERS,
    Dispatch,
    literal_of,
    option_arguments,
    task_of_expr,
)
from ..project.tasks import Task, registry_closed, tasks_named
from ..project.values import Const
from ..rule import CORRECTNESS, SAFE, Edit, Finding, Report, Undecided, report, rule
from .edits import call_at, text_at
from .routing import is_own_name, may_be_task

if TYPE_CHECKING:
    from ..facts import Expr
    from ..project import Project
    from ..source import Source

SIGNATURES = frozenset({"signature", "subtask"})
COMPREHENSIONS = {"set": "a set", "dict": "a dict", "generator": "a generator", "list": "a list"}
EACH = {
    "a str": "each character",
    "a bytes": "each byte",
    "a dict": "each key",
    "a set": "each item, in any order",
}


def is_by_name(dispatch: Dispatch) -> bool:
    """Whether a call names its task: `send_task`, `signature("name")`, `app.signature("name")`."""
    if dispatch.method == "send_task":
        return True
    if dispatch.method not in SIGNATURES:
        return False
    callee = dispatch.call[2]
    if callee[0] != "attr":
        return True
    return task_of_expr(dispatch.project, dispatch.module, dispatch.scope, callee[2]) is None


def parameters_of(dispatch: Dispatch) -> list[str] | None:
    """The names of the positional parameters of the method that is called; None where it takes
    the task's own."""
    if dispatch.method in SIGNATURES and is_by_name(dispatch):
        return SIGNATURE_PARAMETERS
    return PARAMETERS.get(dispatch.method)


# CEL224


@rule(
    Dispatch,
    "CEL224",
    "celery-call-args-not-sequence",
    CORRECTNESS,
    says="`{name}` of `{method}()` must be {must}, not {what}: {follows}",
)
def call_args_not_sequence(dispatch: Dispatch, project: Project) -> Iterator[Report]:
    """`AMQP.as_task_v2` (`celery/app/amqp.py`) and `Signature` (`celery/canvas.py`)."""
    parameters = parameters_of(dispatch)
    if parameters is None or dispatch.partial or dispatch.canvas is not None:
        return
    if dispatch.expects_error:
        return
    given = option_arguments(dispatch.call[3], dispatch.call[4], parameters)
    if "args" in given:
        expr = given["args"][0]
        what = no_sequence(literal_of(dispatch, expr))
        follows = what and outcome(dispatch, what, literal_of(dispatch, expr))
        if what and follows:
            yield report(
                dispatch.at(expr[1]),
                name="args",
                method=dispatch.method,
                must="a list or a tuple",
                what=what,
                follows=follows,
                fix=_repair(dispatch, expr, what),
            )
            return
    if "kwargs" in given:
        expr = given["kwargs"][0]
        what = no_mapping(literal_of(dispatch, expr))
        if what:
            yield report(
                dispatch.at(expr[1]),
                name="kwargs",
                method=dispatch.method,
                must="a dict",
                what=what,
                follows="it raises, and the task is never sent",
            )


def no_sequence(expr: Expr) -> str | None:
    """What is given for `args`, where that is no list or tuple and not empty."""
    if expr[0] in ("dict", "set"):
        return f"a {expr[0]}" if expr[2] else None
    if expr[0] == "comprehension":
        return None if expr[2] == "list" else COMPREHENSIONS[expr[2]]
    return _constant(expr)


def no_mapping(expr: Expr) -> str | None:
    """What is given for `kwargs`, where that is no dict and not empty."""
    if expr[0] in ("list", "tuple", "set"):
        return f"a {expr[0]}" if expr[2] else None
    if expr[0] == "comprehension":
        return None if expr[2] == "dict" else COMPREHENSIONS[expr[2]]
    return _constant(expr)


def _constant(expr: Expr) -> str | None:
    if expr[0] == "text":
        return "a str" if any(isinstance(part, str) and part for part in expr[2]) else None
    if expr[0] == "bytes":
        return "a bytes" if expr[2] else None
    if expr[0] != "const" or not expr[2]:
        return None
    kind = type(expr[2]).__name__
    return f"{'an' if kind == 'int' else 'a'} {kind}"


def outcome(dispatch: Dispatch, what: str, expr: Expr) -> str | None:
    """What follows from wrong `args`; None where the method takes them and nothing is lost."""
    if dispatch.method not in SIGNATURES and dispatch.method != "apply":
        return "TypeError, and the task is never sent"
    if what not in (*EACH, "a generator"):
        return "TypeError"
    if what == "a generator" or (expr[0] in ("const", "bytes", "set") and len(expr[2]) == 1):
        return None
    return f"the task gets one argument for {EACH[what]}"


def _repair(dispatch: Dispatch, expr: Expr, what: str) -> list[object] | None:
    """What the fix needs: the call, the argument, and whether `.s(...)` is meant."""
    if expr[0] not in ("const", "bytes", "text"):
        return None
    given, keywords = dispatch.call[3], dispatch.call[4]
    direct = dispatch.method in SIGNATURES and not is_by_name(dispatch)
    plain = not keywords and all(a[0] in ("const", "bytes", "text") for a in given)
    return [dispatch.call[1], expr[1], direct and plain and len(given) > 1]


@call_args_not_sequence.fix(SAFE, "Make it a tuple of one")
def make_tuple(finding: Finding, source: Source) -> Iterable[Edit]:
    """`args=(x)` to `args=(x,)`, `5` to `(5,)`; `task.signature(1, 2)` to `task.s(1, 2)`."""
    import ast

    place, span, direct = finding.fix_data
    call = call_at(source, place)
    if call is None:
        return
    _, _, row, column = source.span(call.func)
    if direct:
        if isinstance(call.func, ast.Attribute):
            yield Edit((row, column - len(call.func.attr), row, column), "s")
        return
    opening = source.text.index("(", source.offset(row, column))
    start, end = source.offset(*span[:2]), source.offset(*span[2:])
    before = source.text[:start].rstrip()
    after = source.text[end:].lstrip()
    if before.endswith("(") and len(before) - 1 != opening and after.startswith(")"):
        yield Edit((*span[2:], *span[2:]), ",")
    else:
        yield Edit(span, f"({text_at(source, span)},)")


# CEL232


@rule(
    Dispatch,
    "CEL232",
    "celery-unresolved-task-name",
    CORRECTNESS,
    says="No task has the name `{name}`: the worker drops the message; did you mean `{meant}`?",
)
def unresolved_task_name(dispatch: Dispatch, project: Project) -> Iterator[Report]:
    """A name is sent as it is; `Consumer.on_unknown_task` (`celery/worker/consumer/consumer.py`)
    discards a message whose task is not registered."""
    if dispatch.in_test or not is_by_name(dispatch) or dispatch.expects_error:
        return
    parameters = parameters_of(dispatch)
    given = option_arguments(dispatch.call[3], dispatch.call[4], parameters or [])
    written = given.get("name") or given.get("task")
    if dispatch.task is not None or written is None:
        return
    value = dispatch.evaluate(written[0])
    if not isinstance(value, Const) or not isinstance(value.constant, str):
        return
    name = value.constant
    if name in BUILTIN_TASKS or tasks_named(project, name):
        return
    meant = similar_name(project, name)
    if meant is None:
        return
    if not registry_closed(project) or may_be_task(project, name, dispatch):
        raise Undecided("the tasks of the project are not all known")
    yield report(dispatch.at(written[0][1]), name=name, meant=meant)


def similar_name(project: Project, name: str) -> str | None:
    """The task whose name is certainly meant: one or two letters differ, or the name is in the
    project's own package and only its last part is right."""
    known = {task.name for task in project.all(Task) if task.name and not task.in_test}
    close = nearest(name, sorted(known))
    if close is not None and _letters(close) != _letters(name):
        return close
    if not is_own_name(project, name):
        return None
    last = name.rpartition(".")[2]
    same = [other for other in known if other.rpartition(".")[2] == last]
    return same[0] if len(same) == 1 else None


def _letters(name: str) -> str:
    """A name without its digits: `sync_v1` and `sync_v2` are two tasks."""
    return "".join(character for character in name if not character.isdigit())
