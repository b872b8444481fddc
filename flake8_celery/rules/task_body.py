"""What the bodies of tasks do: CEL620 and CEL624."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..extract.observe import observe
from ..project.names import Definition
from ..project.retries import retries_of
from ..project.tasks import Task, task_with_body
from ..rule import PEDANTIC, Related, Report, report, rule
from .bodies import last_name, own_nodes
from .loops import are_few, are_numbers, cuts
from .outside import (
    calls_escaping,
    may_be_outside,
    may_be_task,
    outside_call,
    shown_callee,
    transparent,
)
from .retry.options import autoretries
from .transactions import is_write, names_bound

if TYPE_CHECKING:
    import ast

    from ..extract.observe import Site
    from ..facts import Expr
    from ..project import Project, Seen

# CEL620: rows that are inserted again

#: What makes a second insert harmless, or looks whether the row is there.
GUARDS = tuple(
    """get_or_create update_or_create exists( select_for_update ignore_conflicts update_conflicts
    IntegrityError DoesNotExist on_conflict merge( first( count( .get( scalar get_object
    one_or_none lock Lock atomic begin .delete( cache. unique""".split()
)
#: Rows of models named like this are meant to be written by every attempt.
RECORDS = ("log", "audit", "event", "history", "attempt", "metric", "record", "entry")


@observe("FunctionDef", needs=[".create(", "session.add("])
def unguarded_insert(node: ast.FunctionDef, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """The first insert of a function that may be a task, where every run comes to it, nothing
    would keep a second one away, and something is called after it."""
    if not may_be_task(node) or not site.holds(node, ".create(", "session.add("):
        return
    if site.holds(node, *GUARDS):
        return
    import ast

    for statement, in_loop in reached(node.body):
        insert = next((part for part in own_nodes([statement]) if is_insert(part, node)), None)
        if isinstance(insert, ast.Call):
            if in_loop or goes_on(insert, node):
                yield (
                    insert,
                    {"function": site.scope_of(node), "insert": shown_callee(insert.func)},
                )
            return


def reached(body: list[ast.stmt], in_loop: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """What every run of a body comes to as long as nothing fails, and whether it is in a loop:
    nothing in or after an `if` that may leave."""
    import ast

    for statement in body:
        if isinstance(statement, ast.With):
            yield from reached(statement.body, in_loop)
        elif isinstance(statement, ast.For):
            yield from reached(statement.body, True)
        elif isinstance(statement, ast.Try):
            yield from reached([*statement.body, *statement.orelse, *statement.finalbody], in_loop)
        elif not isinstance(statement, (ast.If, ast.While, ast.Match)):
            yield statement, in_loop
        elif any(isinstance(p, (ast.Return, ast.Continue, ast.Raise)) for p in ast.walk(statement)):
            return


def is_insert(node: ast.AST, function: ast.FunctionDef) -> bool:
    """Whether a node is `Model.objects.create(...)`, or `session.add(...)` of a new object."""
    import ast

    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    receiver = node.func.value
    if node.func.attr == "create" and last_name(receiver) in ("objects", "_default_manager"):
        assert isinstance(receiver, (ast.Attribute, ast.Name))
        return is_plain_model(getattr(receiver, "value", None))
    if (
        node.func.attr != "add"
        or not last_name(receiver).endswith("session")
        or len(node.args) != 1
    ):
        return False
    made: ast.AST | None = node.args[0]
    if isinstance(made, ast.Name):
        name = made.id
        values = [
            part.value
            for part in own_nodes(function.body)
            if isinstance(part, ast.Assign) and [last_name(t) for t in part.targets] == [name]
        ]
        made = values[0] if len(values) == 1 else None
    return isinstance(made, ast.Call) and is_plain_model(made.func)


def is_plain_model(node: ast.AST | None) -> bool:
    """Whether a name is a model's whose rows are no records of what happened."""
    name = last_name(node)
    return name[:1].isupper() and not any(word in name.lower() for word in RECORDS)


def goes_on(insert: ast.Call, function: ast.FunctionDef) -> bool:
    """Whether anything but a line of the log is called once the row is there."""
    import ast

    apart: set[int] = set()
    calls = []
    for part in own_nodes(function.body):
        if isinstance(part, ast.ExceptHandler) or (isinstance(part, ast.Call) and _is_log(part)):
            apart.update(id(inner) for inner in ast.walk(part))
        if isinstance(part, ast.Call) and id(part) not in apart and _after(part, insert):
            calls.append(part)
    if last_name(insert.func) == "add":
        commits = [call for call in calls if last_name(call.func) == "commit"]
        calls = [call for call in calls if commits and _after(call, commits[0])]
    return bool(calls)


def _after(node: ast.expr, other: ast.expr) -> bool:
    assert other.end_lineno is not None and other.end_col_offset is not None
    return (node.lineno, node.col_offset) >= (other.end_lineno, other.end_col_offset)


def _is_log(call: ast.Call) -> bool:
    owner = last_name(getattr(call.func, "value", None)).lower()
    return "log" in owner or last_name(call.func) in ("print", "str", "len", "repr")


@rule(
    unguarded_insert,
    "CEL620",
    "celery-create-without-guard",
    PEDANTIC,
    says="`{insert}()` inserts another row each time `{task}` starts again, and {why}: "
    "use `get_or_create()`, or look for the row first",
)
def create_without_guard(seen: Seen, project: Project) -> Iterator[Report]:
    """A retry, and a message that is delivered again, run the body from its start."""
    task = task_with_body(project, Definition(seen.module, seen.data["function"]))
    if task is None or seen.in_test or task.wrapped or task.replaced:
        return
    if any(named_atomic(decorator) for decorator in task.decorators_below()):
        return
    why = starts_again(project, task, seen)
    if why is not None:
        yield report(seen.where, insert=seen.data["insert"], task=task.shown, why=why)


def named_atomic(decorator: Expr) -> bool:
    """Whether a decorator is spelled like one that opens a transaction."""
    callee = decorator[2] if decorator[0] == "call" else decorator
    return callee[0] in ("name", "attr") and "atomic" in str(callee[-1])


def starts_again(project: Project, task: Task, insert: Seen) -> str | None:
    """What runs a task from its start once a row is inserted, as the message says it."""
    later = [
        call
        for call in retries_of(project, task)
        if call.module is insert.module and tuple(call.span) > tuple(insert.span)
    ]
    if later:
        return f"`retry()` on line {later[0].span[0]} starts it again"
    if autoretries(task):
        return "`autoretry_for` starts it again after an error"
    late = task.option("acks_late")
    if late is not None and late.value:
        return "with `acks_late` the broker sends it again when its worker is killed"
    return None


# CEL624: all items in one run


@observe("For")
def item_loop(node: ast.For, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """A loop of a function that may be a task, in which an error of a call for one item ends the
    whole, and nothing is noted of the items that are done."""
    import ast

    function = site.walk.scopes[site.scope].node
    if not isinstance(function, ast.FunctionDef) or not may_be_task(function):
        return
    if cuts(node.target, node.iter):
        return
    for part in own_nodes(node.body):
        if isinstance(part, (ast.Break, ast.For, ast.While)) or is_write(part):
            return
    calls = []
    items = names_bound(node)
    for call, contexts in calls_escaping(node.body):
        if not (isinstance(call.func, ast.Name) or may_be_outside(call)):
            continue
        if any(isinstance(part, ast.Name) and part.id in items for part in ast.walk(call)):
            calls.append((call, contexts))
    if not calls:
        return
    yield (
        node,
        {
            "head": [*site.span(node)[:2], *site.span(node.iter)[2:]],
            "items": site.expr(node.iter),
            "calls": [
                {
                    "called": site.expr(call.func),
                    "shown": shown_callee(call.func),
                    "outside": may_be_outside(call),
                    "span": site.span(call),
                    "contexts": [site.expr(context) for context in contexts],
                }
                for call, contexts in calls
            ],
        },
    )


@rule(
    item_loop,
    "CEL624",
    "celery-item-loop-in-task",
    PEDANTIC,
    says="`{task}` calls `{call}()` for one item after another: an error stops the rest, and when "
    "it is run again it starts with the first item; send a task for each item",
)
def item_loop_in_task(seen: Seen, project: Project) -> Iterator[Report]:
    """A run of a task is all or nothing for Celery: there is no half of it to go on with."""
    task, items = seen.task, seen.data["items"]
    if task is None or seen.in_test or in_atomic(seen, task):
        return
    if are_few(seen, items) or are_numbers(seen, items):
        return
    for call in seen.data["calls"]:
        if not transparent(seen, call["contexts"], seen.scope):
            continue
        if calls_other_task(seen, call["called"], task) or (
            call["outside"]
            and outside_call(project, call["called"], call["shown"], seen.module, seen.scope)
        ):
            yield report(
                seen.at(seen.data["head"]),
                Related(seen.at(call["span"]), "once for each item"),
                task=task.shown,
                call=call["shown"],
            )
            return


def calls_other_task(seen: Seen, called: Expr, task: Task) -> bool:
    """Whether a name is a task that is called here and now, and not the one that calls it."""
    if called[0] != "name":
        return False
    return seen.project.task_of(seen.resolve(called)) not in (None, task)


def in_atomic(seen: Seen, task: Task) -> bool:
    """Whether a transaction around a loop takes back what it did when it stops."""
    contexts = [context for block in seen.blocks_around() for context in block.exprs]
    return any(map(named_atomic, [*contexts, *task.decorators_below()]))
