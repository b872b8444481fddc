"""A transaction as long as its task: CEL610."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..extract.observe import observe
from ..project.names import Definition
from ..project.tasks import task_with_body
from ..rule import PEDANTIC, Report, report, rule
from .bodies import own_nodes
from .outside import may_be_task
from .transactions import ATOMIC, atomic_name

if TYPE_CHECKING:
    import ast

    from ..extract.observe import Site
    from ..project import Project, Seen


@observe("FunctionDef")
def spanning(node: ast.FunctionDef, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """A function that may be a task and whose whole body is one `with atomic()`, or that stands
    under `@atomic`; not one of a single step, of which nothing can be left out."""
    if not site.mentions("atomic") or not may_be_task(node):
        return
    import ast

    scope = site.scope_of(node)
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    decorators = [name for d in node.decorator_list if (name := atomic_name(d)) is not None]
    if decorators and takes_steps(body):
        yield (
            node,
            {"function": scope, "atomic": site.expr(decorators[0]), "head": None},
        )
        return
    if len(body) != 1 or not isinstance(body[0], ast.With) or not takes_steps(body[0].body):
        return
    contexts = [item.context_expr for item in body[0].items]
    named = [n for c in contexts if isinstance(c, ast.Call) and (n := atomic_name(c)) is not None]
    if named:
        head = [*site.span(body[0])[:2], *site.span(contexts[-1])[2:]]
        yield (
            node,
            {"function": scope, "atomic": site.walk.expr(named[0], scope), "head": head},
        )


def takes_steps(body: list[ast.stmt]) -> bool:
    """Whether a piece of code is more than one simple statement."""
    import ast

    compound = (ast.For, ast.While, ast.With, ast.Try)
    return len(body) > 1 or any(isinstance(part, compound) for part in own_nodes(body))


@rule(
    spanning,
    "CEL610",
    "celery-transaction-spans-task",
    PEDANTIC,
    says="the transaction lasts as long as `{task}`: what it has written stays locked till the "
    "end, and an error takes all of it back; open it only around what belongs together",
)
def transaction_spans_task(seen: Seen, project: Project) -> Iterator[Report]:
    """`atomic` commits when its block ends, and rolls back when an exception leaves it."""
    data = seen.data
    task = task_with_body(project, Definition(seen.module, data["function"]))
    if task is None or seen.in_test or task.wrapped or task.replaced:
        return
    if data["head"] is not None:
        if project.names.resolve(data["atomic"], seen.module, data["function"]) == ATOMIC:
            yield report(seen.at(data["head"]), task=task.shown)
    elif seen.resolve(data["atomic"]) == ATOMIC:
        below = {tuple(decorator[1]) for decorator in task.decorators_below()}
        where = tuple(data["atomic"][1])
        if any(d[:2] <= where[:2] and where[2:] <= d[2:] for d in below):
            yield report(task.function_where, task=task.shown)
