"""Looking at the bodies of functions while the one walk passes by: what observers share.

Everything here sees the tree of one file and resolves no names; it registers nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import ast

#: The functions of `requests` and `httpx` that send a request.
VERBS = frozenset("get post put patch delete head options request".split())

# By the last part of their names: `except exceptions.Retry` counts as well.
BROAD = frozenset({"Exception", "BaseException"})
#: What Celery raises to steer a task, and its bases (`celery/exceptions.py`).
CONTROL = frozenset({"Retry", "Ignore", "Reject"})
CONTROL_BASES = frozenset({"TaskPredicate", "CeleryError"})
# Functions that take an exception, or the task, to write it down, and come back.
HARMLESS = frozenset(
    """str repr print format update_state set isinstance type hasattr getattr list dict
    exception error critical warning warn info debug log capture_exception capture_message
    notice_error record_exception format_exc format_exception print_exc""".split()
)
LEAVING = ("raise", "abort", "exit")
DEEPEST = 20

# How a piece of code may end, as far as a caught exception is concerned: NEXT, what follows it
# runs; LEAVES, it returns or leaves a loop.
NEXT = "next"
LEAVES = "leaves"
SWALLOWS = "swallows"
RERAISES = "reraises"
RAISES = "raises"
RETRIES = "retries"
UNCLEAR = "unclear"


class Control(NamedTuple):
    """A place that raises one of Celery's control exceptions: `self.retry(...)` ("Retry"),
    `self.replace(...)` ("Ignore"), `raise Ignore()`, `raise Reject()`.

    `who` is the expression that must be the task (or, for a `raise`, the exception's class)."""

    kind: str
    node: ast.expr
    who: ast.expr


class Guard(NamedTuple):
    """The first broad `except` of a `try`, those before it, and how its body may end."""

    handler: ast.ExceptHandler
    before: list[ast.ExceptHandler]
    ends: set[str]


def last_name(node: ast.AST | None) -> str:
    """The last part of a name or attribute chain, "" for anything else."""
    import ast

    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def is_retry(node: ast.AST) -> bool:
    """Whether a node is a call `name.retry(...)`."""
    import ast

    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "retry"
        and isinstance(node.func.value, ast.Name)
    )


def throws(call: ast.Call) -> bool:
    """Whether a call of `retry` raises `Retry`: `throw` is left out or True."""
    import ast

    for keyword in call.keywords:
        if keyword.arg is None:
            return False
        if keyword.arg == "throw":
            return isinstance(keyword.value, ast.Constant) and bool(keyword.value.value)
    return True


def own_nodes(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """The nodes and everything below them, without what nested functions and classes hold."""
    import ast

    nested = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    pending = list(reversed(nodes))
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, nested):
            pending += reversed_children(node)


def reversed_children(node: ast.AST) -> list[ast.AST]:
    """The nodes directly below one, the last first, without contexts (`Load`): what
    `ast.iter_child_nodes` gives, in half the time."""
    import ast

    found: list[ast.AST] = []
    for name in reversed(node._fields):
        value = getattr(node, name, None)
        if isinstance(value, list):
            found += [part for part in reversed(value) if isinstance(part, ast.AST)]
        elif isinstance(value, ast.AST) and name != "ctx":
            found.append(value)
    return found


def escaping(statements: Sequence[ast.stmt]) -> Iterator[Control]:
    """The control exceptions that leave a piece of code: no inner `try` catches them."""
    import ast

    nested = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    pending: list[ast.AST] = list(reversed(statements))
    while pending:
        node = pending.pop()
        if isinstance(node, nested):
            continue
        if isinstance(node, (ast.Try, ast.TryStar)):
            if returns(node.finalbody):
                continue
            parts: list[ast.AST] = [] if catches(node) else list(node.body)
            pending += reversed([*parts, *node.handlers, *node.orelse, *node.finalbody])
            continue
        if isinstance(node, (ast.With, ast.AsyncWith)) and suppressed(node) is not None:
            continue
        control = control_of(node)
        if control is not None:
            yield control
        pending += reversed_children(node)


def control_of(node: ast.AST) -> Control | None:
    """The control exception that a node itself raises, by its spelling."""
    import ast

    if isinstance(node, ast.Raise) and node.exc is not None:
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if last_name(raised) in ("Ignore", "Reject"):
            return Control(last_name(raised), node.exc, raised)
        return None
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    who = node.func.value
    if not isinstance(who, ast.Name):
        return None
    if node.func.attr == "retry" and throws(node):
        return Control("Retry", node, who)
    if node.func.attr == "replace" and len(node.args) == 1 and not node.keywords:
        return Control("Ignore", node, who)
    return None


def caught_types(handler: ast.ExceptHandler) -> list[ast.expr]:
    """The classes that an `except` names; none for a bare one."""
    import ast

    if handler.type is None:
        return []
    return list(handler.type.elts) if isinstance(handler.type, ast.Tuple) else [handler.type]


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Whether an `except` is bare or names `Exception` or `BaseException`."""
    types = caught_types(handler)
    return handler.type is None or any(last_name(t) in BROAD for t in types)


def catches(node: ast.Try | ast.TryStar) -> bool:
    """Whether a `try` may keep a control exception of its body to itself."""
    for handler in node.handlers:
        names = {last_name(t) for t in caught_types(handler)}
        if is_broad(handler) or names & (CONTROL | CONTROL_BASES):
            return endings(handler) != {RERAISES}
    return False


def guard_of(node: ast.Try | ast.TryStar) -> Guard | None:
    """The first broad `except` of a `try`, or None when it has none."""
    for place, handler in enumerate(node.handlers):
        if is_broad(handler):
            return Guard(handler, node.handlers[:place], endings(handler))
    return None


def suppressed(node: ast.With | ast.AsyncWith) -> ast.Call | None:
    """The `suppress(Exception)` among the contexts of a `with`, by its spelling."""
    import ast

    for item in node.items:
        call = item.context_expr
        if isinstance(call, ast.Call) and last_name(call.func) == "suppress":
            if any(last_name(argument) in BROAD for argument in call.args):
                return call
    return None


def returns(statements: Sequence[ast.stmt]) -> ast.Return | None:
    """A `return` among statements that surely run, as in a `finally`."""
    import ast

    return next((s for s in statements if isinstance(s, ast.Return)), None)


def endings(handler: ast.ExceptHandler) -> set[str]:
    """How an `except` may end: a subset of RERAISES, RAISES, RETRIES, UNCLEAR and SWALLOWS."""
    ends = _ends(handler.body, handler.name or "", 0)
    return {SWALLOWS if end in (NEXT, LEAVES) else end for end in ends}


def _ends(statements: Sequence[ast.stmt], name: str, depth: int) -> set[str]:
    found: set[str] = set()
    for statement in statements:
        step = _ends_of(statement, name, depth)
        found |= step - {NEXT}
        if NEXT not in step:
            return found
    return found | {NEXT}


def _ends_of(node: Any, name: str, depth: int) -> set[str]:
    """How one statement may end; NEXT: the following one runs."""
    import ast

    if depth > DEEPEST:
        return {UNCLEAR}
    deeper = depth + 1
    if isinstance(node, ast.Raise):
        return {_raise(node, name)}
    if isinstance(node, ast.If):
        branches = _ends(node.body, name, deeper) | _ends(node.orelse, name, deeper)
        return branches | {UNCLEAR} if _asks(node.test, name) else branches
    if isinstance(node, (ast.Break, ast.Continue)):
        return {LEAVES}
    if isinstance(node, ast.Return):
        return {LEAVES if end == NEXT else end for end in _simple(node, name)}
    if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
        return _ends(node.body, name, deeper) | _ends(node.orelse, name, deeper) | {NEXT}
    if isinstance(node, (ast.With, ast.AsyncWith)):
        inner = _ends(node.body, name, deeper)
        return inner if suppressed(node) is None else inner | {NEXT}
    if isinstance(node, (ast.Try, ast.TryStar)):
        inner = _ends([*node.body, *node.orelse], name, deeper)
        for handler in node.handlers:
            # A bare `raise` in there raises another exception.
            own = _ends(handler.body, handler.name or "", deeper)
            inner |= {RAISES if end == RERAISES else end for end in own}
        final = _ends(node.finalbody, name, deeper)
        return inner | final if NEXT in final else final
    if isinstance(node, ast.Match):
        cases = {NEXT, UNCLEAR} if _asks(node.subject, name) else {NEXT}
        for case in node.cases:
            cases |= _ends(case.body, name, deeper)
        return cases
    return _simple(node, name)


def _raise(node: ast.Raise, name: str) -> str:
    import ast

    raised = node.exc
    if raised is None or (name and last_name(raised) == name):
        return RERAISES
    if any(is_retry(part) for part in ast.walk(raised)):
        return RETRIES
    if isinstance(raised, ast.Call):
        called = raised.func
        if isinstance(called, ast.Attribute) and last_name(called.value) == name:
            return RERAISES
        raised = called
    return RERAISES if last_name(raised) in CONTROL else RAISES


def _simple(node: ast.AST, name: str) -> set[str]:
    import ast

    ends = {NEXT}
    if isinstance(node, (ast.Assign, ast.AnnAssign)) and name and last_name(node.value) == name:
        # Kept for later, when it may be raised.
        return {NEXT, UNCLEAR}
    for part in own_nodes([node]):
        if not isinstance(part, ast.Call):
            continue
        if is_retry(part):
            return {RETRIES} if throws(part) else {UNCLEAR}
        called = last_name(part.func)
        given = [*part.args, *(keyword.value for keyword in part.keywords)]
        passed = {a.id for a in given if isinstance(a, ast.Name)}
        if (
            called == "fail"
            or any(word in called.lower() for word in LEAVING)
            or (called not in HARMLESS and passed & {name, "self", "task"} - {""})
        ):
            ends |= {UNCLEAR}
    return ends


def _asks(test: ast.AST, name: str) -> bool:
    """Whether a test looks at the exception that was caught."""
    import ast

    for part in ast.walk(test):
        if isinstance(part, ast.Name) and (part.id == name or part.id in CONTROL):
            return True
        if isinstance(part, ast.Attribute) and (part.attr in CONTROL or part.attr == "exc_info"):
            return True
    return False
