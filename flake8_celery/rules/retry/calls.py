"""Calls of `retry`: what they are given, and who catches what they raise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ...celery.options import CONFUSABLE, CONFUSED_EXECUTION_OPTIONS, EXECUTION_OPTIONS
from ...celery.words import nearest
from ...extract.observe import observe
from ...project.names import Definition, External
from ...project.retries import RetryCall, task_meant
from ...project.subject import Subject
from ...project.values import Const, Items, Mapping, Text, Typed, Value, may_be
from ...rule import CORRECTNESS, SAFE, UNSAFE, Edit, Finding, Report, report, rule
from ..bodies import (
    caught_types,
    escaping,
    last_name,
    own_nodes,
)
from ..edits import without_keyword
from .options import may_be_unlimited

if TYPE_CHECKING:
    import ast

    from ...extract.observe import Site
    from ...facts import Expr
    from ...project import Project, Seen
    from ...source import Source

EXCEPTIONS = "celery.exceptions."
MAX_RETRIES = "MaxRetriesExceededError"


# CEL109: what is given to `retry` by position


@rule(
    RetryCall,
    "CEL109",
    "celery-retry-exc-positional",
    CORRECTNESS,
    says="`{given}` is taken for `args`, the first parameter of `retry`: "
    "it raises TypeError, and nothing is retried",
)
def retry_exc_positional(call: RetryCall, project: Project) -> Iterator[Report]:
    """`Task.retry(self, args=None, kwargs=None, exc=None, ...)` (`celery/app/task.py`)."""
    if not call.positional:
        return
    first = call.positional[0]
    kind = what_is_given(call, first)
    if kind is None:
        return
    given = first[2] if first[0] == "name" else "exception" if kind == "exc" else "number"
    fix = (
        "exc=" if kind == "exc" and len(call.positional) == 1 and not call.keyword("exc") else None
    )
    shown = str(given) if first[0] == "name" else f"the {given}"
    yield report(
        call.at(first[1]),
        says=None if first[0] == "name" else retry_exc_positional_says(shown),
        given=shown,
        fix=fix,
    )


def retry_exc_positional_says(shown: str) -> str:
    """The message for an argument that has no name."""
    return (
        f"{shown} is taken for `args`, the first parameter of `retry`: "
        "it raises TypeError, and nothing is retried"
    )


def what_is_given(call: RetryCall, expr: Expr) -> str | None:
    """ "exc" for an exception or its class, "countdown" for a number, None for anything else."""
    if expr[0] == "const":
        number = isinstance(expr[2], (int, float)) and not isinstance(expr[2], bool)
        return "countdown" if number else None
    if expr[0] == "name":
        target = call.resolve(expr)
        values = getattr(target, "assignments", ())
        if values and all(a.op == "=" and a.value[0] == "caught" for a in values):
            return "exc"
    callee = expr[2] if expr[0] == "call" else expr
    return "exc" if callee[0] in ("name", "attr") and is_exception(call, callee) else None


def is_exception(call: Subject, expr: Expr) -> bool:
    """Whether a name is an exception class, of Python or of the project."""
    import builtins

    target = call.resolve(expr)
    bases = call.project.names.bases(target) if isinstance(target, Definition) else [target]
    for base in bases:
        if isinstance(base, External) and base.name.startswith("builtins."):
            cls = getattr(builtins, base.name.removeprefix("builtins."), None)
            if isinstance(cls, type) and issubclass(cls, BaseException):
                return True
    return False


@retry_exc_positional.fix(SAFE, "Pass it as `exc=`")
def pass_by_name(finding: Finding, source: Source) -> Iterable[Edit]:
    """Writes `exc=` before the argument."""
    row, column, _, _ = finding.span
    yield Edit((row, column, row, column), str(finding.fix_data))


# CEL111: `except MaxRetriesExceededError` around `retry(exc=...)`


@observe("Try")
def max_retries_handler(node: ast.Try, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """An `except MaxRetriesExceededError` alone, around calls of `retry` that all give `exc=`."""
    import ast

    handlers = [
        handler
        for handler in node.handlers
        if caught_types(handler) and all(last_name(t) == MAX_RETRIES for t in caught_types(handler))
    ]
    if not handlers:
        return
    calls = []
    for control in escaping(node.body):
        if control.kind != "Retry" or not isinstance(control.node, ast.Call):
            continue
        exc = next((k.value for k in control.node.keywords if k.arg == "exc"), None)
        if exc is None:
            return
        calls.append((control, exc))
    if not calls or may_raise_it(node.body, {id(control.node) for control, _ in calls}):
        return
    yield (
        handlers[0].type or node,
        {
            "who": [site.expr(control.who) for control, _ in calls],
            "exc": [site.expr(exc) for _, exc in calls],
            "type": [site.expr(t) for t in caught_types(handlers[0])],
            "calls": [site.span(control.node) for control, _ in calls],
        },
    )


def may_raise_it(statements: list[ast.stmt], retries: set[int]) -> bool:
    """Whether something besides the known calls of `retry` may raise MaxRetriesExceededError:
    what gets the task itself, what waits for or runs another task, any other `retry`."""
    import ast

    for part in own_nodes(statements):
        if isinstance(part, ast.Call) and id(part) not in retries:
            given = [*part.args, *(keyword.value for keyword in part.keywords)]
            called = last_name(part.func)
            if any(isinstance(a, ast.Name) and a.id in ("self", "task") for a in given):
                return True
            if called in ("get", "join", "apply", "wait") or "retry" in called.lower():
                return True
        elif isinstance(part, (ast.Name, ast.Attribute)) and last_name(part) == MAX_RETRIES:
            return True
    return False


@rule(
    max_retries_handler,
    "CEL111",
    "celery-unreachable-max-retries-handler",
    CORRECTNESS,
    says="`retry(exc=...)` on line {row} raises `exc` after the last retry, "
    "never `MaxRetriesExceededError`: this handler is not reached",
)
def unreachable_max_retries_handler(seen: Seen, project: Project) -> Iterator[Report]:
    """`Task.retry`: `if exc: raise_with_context(exc)`, and only else MaxRetriesExceededError
    (`celery/app/task.py`)."""
    data = seen.data
    for type_ in data["type"]:
        target = seen.resolve(type_)
        if target == External(EXCEPTIONS + MAX_RETRIES):
            continue
        if type_[0] != "attr" or task_meant(project, seen.module, seen.scope, type_[2]) is None:
            return
    tasks = [task_meant(project, seen.module, seen.scope, who) for who in data["who"]]
    if None in tasks or not all(surely_an_exception(seen, exc) for exc in data["exc"]):
        return
    without = [
        c for c in project.all(RetryCall) if c.scope == seen.scope and c.module is seen.module
    ]
    if any(call.keyword("exc") is None for call in without):
        return
    yield report(seen.where, row=data["calls"][0][0], fix=data["calls"])


def surely_an_exception(seen: Seen, expr: Expr) -> bool:
    """Whether `exc=` gets an exception that is not MaxRetriesExceededError itself."""
    if expr[0] == "call":
        if expr[2][0] not in ("name", "attr") or _mentions(expr[2], MAX_RETRIES):
            return False
        # What another library calls an error is a class of errors.
        target = seen.resolve(expr[2])
        named = isinstance(target, External) and target.name.endswith(("Error", "Exception"))
        return named or is_exception(seen, expr[2])
    values = getattr(seen.resolve(expr), "assignments", ()) if expr[0] == "name" else ()
    return bool(values) and all(
        a.op == "=" and a.value[0] == "caught" and not _mentions(a.value, MAX_RETRIES)
        for a in values
    )


def _mentions(expr: Any, name: str) -> bool:
    if isinstance(expr, (list, tuple)):
        return any(_mentions(part, name) for part in expr)
    return bool(expr == name)


@unreachable_max_retries_handler.fix(UNSAFE, "Retry without `exc=`")
def retry_without_exc(finding: Finding, source: Source) -> Iterable[Edit]:
    """Takes `exc=...` out of the calls of `retry`."""
    for place in finding.fix_data:
        edit = without_keyword(source, place, "exc")
        if edit is not None:
            yield edit


# CEL121: `exc=` that cannot be raised


@rule(
    RetryCall,
    "CEL121",
    "celery-retry-exc-type",
    CORRECTNESS,
    says="`exc=` gets {what}, which cannot be raised: after the last retry `{task}` fails with "
    "TypeError",
)
def retry_exc_type(call: RetryCall, project: Project) -> Iterator[Report]:
    """`Task.retry` raises `exc` after the last retry, unless it is false
    (`celery/app/task.py`, `celery/utils/serialization.py: raise_with_context`)."""
    given = call.keyword("exc")
    if given is None:
        return
    limit = call.retried.option("max_retries")
    endless = limit is not None and may_be(limit, lambda number: number is None)
    if endless and may_be_unlimited(call):
        return
    kinds = {unraisable(option) for option in call.evaluate(given[0]).alternatives()}
    if None in kinds:
        return
    what = " or ".join(sorted(str(kind) for kind in kinds))
    yield report(call.at(given[1]), what=what, task=call.retried.shown, fix=list(call.span))


def unraisable(value: Value) -> str | None:
    """What a value is, if it is true and surely no exception; else None."""
    if isinstance(value, Const):
        kind = type(value.constant).__name__
        return KINDS.get(kind) if value.constant else None
    if isinstance(value, Text):
        return KINDS["str"] if value.head or value.tail else None
    if isinstance(value, Typed):
        return KINDS["str"] if value.type == "str" else None
    if isinstance(value, (Items, Mapping)):
        kind = value.kind if isinstance(value, Items) else "dict"
        filled = value.items if isinstance(value, Items) else value.entries
        return f"a {kind}" if filled else None
    return None


KINDS = {
    "str": "a text",
    "bytes": "bytes",
    "int": "a number",
    "float": "a number",
    "bool": "a bool",
}


@retry_exc_type.fix(UNSAFE, "Retry without `exc=`")
def retry_without_text(finding: Finding, source: Source) -> Iterable[Edit]:
    """Takes `exc=...` out of the call: the error that is being handled is raised in the end."""
    edit = without_keyword(source, finding.fix_data, "exc")
    if edit is not None:
        yield edit


# CEL122: options of `retry` that are none

#: What `Task.retry` itself takes (`celery/app/task.py`).
PARAMETERS = frozenset("args kwargs exc throw eta countdown max_retries".split())
#: Words for the seconds to wait, and for the limit.
MEANT = {
    **dict.fromkeys(
        "wait delay interval seconds countdwn coutdown count_down default_retry_delay "
        "retry_delay retry_after sleep".split(),
        "countdown",
    ),
    **dict.fromkeys(
        "max_retry max_tries retry_count num_retries retry_limit limit".split(), "max_retries"
    ),
    "exception": "exc",
    "error": "exc",
}
#: Options of a task, which a call of `retry` does not change.
OF_TASKS = frozenset(
    "backoff retry_backoff retry_backoff_max retry_jitter autoretry_for retry_kwargs jitter".split()
)


@rule(
    RetryCall,
    "CEL122",
    "celery-unknown-retry-option",
    CORRECTNESS,
    says="`{option}` is no option of `retry()`, so it has no effect{hint}",
)
def unknown_retry_option(call: RetryCall, project: Project) -> Iterator[Report]:
    """`Task.retry` hands what it does not know to the message, where nobody reads it."""
    known = PARAMETERS | EXECUTION_OPTIONS
    stamped = call.keyword("stamped_headers")
    if call.in_test or call.open or stamped is not None or acts_on_retry(call):
        return
    for keyword, _, span in call.call[4]:
        if keyword in known:
            continue
        meant = meant_option(keyword)
        hint = f"; did you mean `{meant}`?" if meant else ""
        if keyword in OF_TASKS:
            hint = "; it is an option of the task, for its decorator"
        elif meant is None:
            continue
        free = meant is not None and call.keyword(meant) is None
        yield report(
            call.at(span), option=keyword, hint=hint, fix=[keyword, meant] if free else None
        )


def acts_on_retry(call: RetryCall) -> bool:
    """Whether the task has a `retry` of its own."""
    for base in call.retried.bases:
        classes = call.project.names.bases(base) if isinstance(base, Definition) else [base]
        if any(isinstance(c, Definition) and c.module.bindings(c.scope, "retry") for c in classes):
            return True
    return False


def meant_option(name: str) -> str | None:
    """The option of `retry` that a name which is none surely means."""
    if name in OF_TASKS:
        return None
    meant = MEANT.get(name) or CONFUSED_EXECUTION_OPTIONS.get(name) or CONFUSABLE.get(name)
    if meant is None and len(name) >= 4:
        long = {"countdown", "expires", "priority", "queue", "routing_key", "max_retries"}
        meant = nearest(name, sorted(long))
    return meant if meant in PARAMETERS | EXECUTION_OPTIONS else None


@unknown_retry_option.fix(UNSAFE, "Rename the option")
def rename_retry_option(finding: Finding, source: Source) -> Iterable[Edit]:
    """Writes the option that was meant."""
    name, meant = finding.fix_data
    row, column, _, _ = finding.span
    yield Edit((row, column, row, column + len(name)), meant)
