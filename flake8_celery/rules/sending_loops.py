"""Loops that send a task in each turn: CEL235."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..extract.observe import observe
from ..project.dispatch import Dispatch
from ..rule import PEDANTIC, Report, report, rule
from .bodies import last_name, own_nodes
from .loops import are_few, cuts, refuse_unknown
from .transactions import statements_before_leaving

if TYPE_CHECKING:
    import ast

    from ..extract.observe import Site
    from ..project import Project, Seen

SENDING = frozenset("delay apply_async send_task delay_on_commit apply_async_on_commit".split())
AT_COMMIT = frozenset({"delay_on_commit", "apply_async_on_commit"})
#: Options that make each message another one than the rest.
EACH_ITS_OWN = frozenset("countdown eta queue exchange routing_key".split())


@observe("For", "While", "ListComp", "SetComp", "GeneratorExp")
def sent_in_loop(node: Any, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """The calls of a loop's own that may send a task in every turn, but for loops that wait
    between them, or go through chunks of items."""
    if not any(site.mentions(f".{name}") for name in SENDING):
        return
    if not site.holds(node, "delay", "apply_async", "send_task"):
        return
    import ast

    looping = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.GeneratorExp)
    if isinstance(node, (ast.For, ast.While)):
        body: list[Any] = node.body
        once = {id(part) for part in statements_before_leaving(node.body)}
    else:
        body, once = [node.elt], set()
    inner = {
        id(part) for loop in own_nodes(body) if isinstance(loop, looping) for part in ast.walk(loop)
    }
    own = [part for part in own_nodes(body) if id(part) not in inner]
    calls = [p for p in own if isinstance(p, ast.Call) and last_name(p.func) in SENDING]
    calls = [call for call in calls if id(call) not in once]
    if not calls or any(last_name(getattr(p, "func", None)) in ("sleep", "wait") for p in own):
        return
    items = test = None
    if isinstance(node, ast.While):
        if isinstance(node.test, ast.Constant):
            return
        test = node.test
    else:
        first = node if isinstance(node, ast.For) else node.generators[0]
        if cuts(first.target, first.iter):
            return
        items = first.iter
    guarded = {
        id(part)
        for attempt in own
        if isinstance(attempt, ast.Try) and attempt.handlers
        for statement in attempt.body
        for part in ast.walk(statement)
    }
    for call in calls:
        if any(isinstance(part, ast.Slice) for part in ast.walk(call)):
            continue
        yield (
            call,
            {
                "items": items and site.expr(items),
                "test": test and site.expr(test),
                "guarded": id(call) in guarded,
            },
        )


@rule(
    sent_in_loop,
    "CEL235",
    "celery-dispatch-in-loop",
    PEDANTIC,
    says="`{task}.{method}()` sends a message in each turn of the loop: with many items that "
    "takes long{more}; send `chunks` of them, or one task that fans out",
)
def dispatch_in_loop(seen: Seen, project: Project) -> Iterator[Report]:
    """Each call publishes one message, and waits until the broker has it."""
    if seen.in_test or seen.task is not None:
        # A task that sends others is the one that fans out.
        return
    key = (seen.module.path, tuple(seen.span))
    dispatch = project.once(_dispatches, project).get(key)
    if dispatch is None or dispatch.task is None or dispatch.partial or dispatch.open_options:
        return
    if EACH_ITS_OWN & set(dispatch.options):
        return
    if seen.data["items"] is not None and are_few(seen, seen.data["items"]):
        return
    if seen.data["test"] is not None:
        refuse_unknown(seen, seen.data["test"])
    half = not seen.data["guarded"] and dispatch.method not in AT_COMMIT
    yield report(
        seen.where,
        task=dispatch.task.shown,
        method=dispatch.method,
        more=", and an error in between leaves the rest unsent" if half else "",
    )


def _dispatches(project: Project) -> dict[tuple[str, tuple[int, ...]], Dispatch]:
    return {
        (dispatch.module.path, tuple(dispatch.span)): dispatch
        for dispatch in project.all(Dispatch)
        if dispatch.publishes
    }
