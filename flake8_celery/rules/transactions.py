"""Transactions: CEL600 to CEL619."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..extract.observe import observe
from ..project.canvas import canvas_of
from ..project.dispatch import Dispatch
from ..project.names import Definition, External, LinkedModule
from ..project.subject import Subject
from ..project.tasks import LIBRARY_BASES, PLAIN_BASES, Task, class_chain
from ..rule import (
    CORRECTNESS,
    SAFE,
    SUSPICIOUS,
    UNSAFE,
    Edit,
    Finding,
    Related,
    Report,
    Where,
    report,
    rule,
)
from .bodies import last_name, own_nodes
from .edits import call_at, imported_name, text_at

if TYPE_CHECKING:
    import ast

    from ..extract.observe import Site
    from ..facts import Expr
    from ..project import Project, Seen
    from ..source import Source

ATOMIC = External("django.db.transaction.atomic")
ON_COMMIT = External("django.db.transaction.on_commit")
# Methods of Django's models, managers and querysets that write, whatever they are called on.
WRITES = frozenset(
    """bulk_create bulk_update get_or_create update_or_create save_m2m abulk_create abulk_update
    aget_or_create aupdate_or_create asave adelete""".split()
)
# What has methods of these names as well, and is no database.
NO_DATABASE = ("cache", "redis", "storage", "session", "client", "file", "image", "headers")
QUERIES = frozenset(
    "objects filter exclude all select_related select_for_update order_by using _default_manager "
    "_base_manager".split()
)
SENDING = frozenset({"delay", "apply_async"})
SIGNATURES = frozenset({"s", "si", "signature", "subtask"})


# More writes in one block tell nothing new.
MOST_WRITES = 40


# CEL600: dispatched before the commit


@observe("With", "AsyncWith", "FunctionDef", "AsyncFunctionDef", needs=["atomic"])
def atomic(node: Any, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """An atomic block or function, and the writes to the database in it."""
    import ast

    function, contexts = None, []
    if isinstance(node, (ast.With, ast.AsyncWith)):
        contexts = [i.context_expr for i in node.items if isinstance(i.context_expr, ast.Call)]
    elif node.decorator_list:
        function, contexts = site.scope_of(node), node.decorator_list
    found = [(name, whole) for whole in contexts if (name := atomic_name(whole)) is not None]
    if not found:
        return
    name, whole = found[0]
    writes = list(islice(writes_in(node.body, site, []), MOST_WRITES))
    if writes:
        yield (
            node,
            {
                "atomic": site.expr(name),
                "plain": not isinstance(whole, ast.Call) or not (whole.args or whole.keywords),
                "function": function,
                "writes": writes,
            },
        )


def atomic_name(node: ast.expr) -> ast.expr | None:
    """The `transaction.atomic` of a context or decorator, called or not, also in
    `@method_decorator(transaction.atomic)`."""
    import ast

    if isinstance(node, ast.Call):
        if last_name(node.func) == "method_decorator" and node.args:
            return atomic_name(node.args[0])
        node = node.func
    return node if last_name(node) == "atomic" else None


def writes_in(
    statements: list[ast.stmt], site: Site, branches: list[Any]
) -> Iterator[dict[str, Any]]:
    """The writes in a piece of code: the place of each, and the branches of `if`s that it stands
    in, as (row, column, arm, whether the arm leaves the function or the loop)."""
    import ast

    for statement in statements:
        if not isinstance(statement, ast.If):
            inner = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
            inner += [handler.body for handler in getattr(statement, "handlers", [])]
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                continue
            if any(inner):
                for block in inner:
                    yield from writes_in(block, site, branches)
                continue
            found = next((part for part in own_nodes([statement]) if is_write(part)), None)
            if found is not None:
                yield {"span": site.span(found), "branches": branches}
            continue
        row, column = site.span(statement)[:2]
        for arm, block in (("body", statement.body), ("else", statement.orelse)):
            leaves = bool(block) and isinstance(
                block[-1], (ast.Return, ast.Raise, ast.Continue, ast.Break)
            )
            yield from writes_in(block, site, [*branches, [row, column, arm, leaves]])


def is_write(node: ast.AST) -> bool:
    """Whether a node is a call that writes through Django's ORM, by its spelling."""
    import ast

    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    method, receiver = node.func.attr, node.func.value
    if method in WRITES:
        return True
    positional = [a for a in node.args if not isinstance(a, ast.Starred)]
    names = {last_name(part) for part in ast.walk(receiver)} - {""}
    if any(word in name.lower() for name in names for word in NO_DATABASE):
        return False
    queries = bool(names & QUERIES)
    if method in ("save", "delete"):
        unsaved = any(
            k.arg == "commit" and not (isinstance(k.value, ast.Constant) and k.value.value)
            for k in node.keywords
        )
        return not positional and not unsaved
    if method in ("create", "acreate"):
        return queries or (isinstance(receiver, ast.Attribute) and not positional)
    if method in ("update", "aupdate"):
        return queries and not positional
    # `order.tags.add(tag)`, but neither `seen.add(tag)` nor `self.seen.add(tag)`.
    return (
        method in ("add", "set")
        and len(positional) >= 1
        and isinstance(receiver, ast.Attribute)
        and last_name(receiver.value) not in ("self", "cls", "")
    )


class Atomic(Subject):
    """A `with transaction.atomic()` or a function under `@transaction.atomic` that writes.

    `function` is the function's scope, or None for a `with`."""

    __slots__ = ("data", "function")

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen.project, seen.module, seen.scope, seen.block, seen.span)
        self.data = seen.data
        self.function = seen.data["function"]

    def write_before_or_after(self, dispatch: Subject) -> Where | None:
        """The write that a dispatch in the block goes with: the last before it, else the first
        after it; None where none of them runs when it is sent."""
        arms = {tuple(b.statement): b.arm for b in dispatch.blocks_around() if b.kind == "if"}
        places = []
        for write in self.data["writes"]:
            runs = all(
                arms[row, column] == arm if (row, column) in arms else not leaves
                for row, column, arm, leaves in write["branches"]
            )
            if runs:
                places.append(tuple(write["span"]))
        before = [place for place in places if place < tuple(dispatch.span)]
        chosen = max(before) if before else min(places, default=None)
        return None if chosen is None else Where(self.module, chosen)

    @classmethod
    def collect(cls, project: Project) -> list[Atomic]:
        """Every one of them that is Django's, in the order of modules and rows."""
        return [
            cls(seen)
            for seen in project.seen(atomic)
            if seen.resolve(seen.data["atomic"]) == ATOMIC
        ]


def atomic_around(dispatch: Subject) -> Atomic | None:
    """The nearest atomic block around a call that writes, in the call's own function."""
    module, scope, block = dispatch.module, dispatch.scope, dispatch.block
    found = [a for a in dispatch.project.all(Atomic) if a.module is module]
    scopes = module.facts.scopes
    while found:
        for around in module.blocks_around(block):
            if around.kind == "with":
                for candidate in found:
                    if candidate.function is None and tuple(candidate.span[:2]) == tuple(
                        around.statement
                    ):
                        return candidate
        if scopes[scope].kind != "comprehension":
            return next((a for a in found if a.function == scope), None)
        scope, block = scopes[scope].parent, scopes[scope].block
    return None


def may_wait(task: Task) -> bool:
    """Whether the task's class may send later than it is told: it is none of Celery's own.

    Raises Undecided when the class is not known."""
    for base in task.bases:
        for cls in class_chain(task.project, base):
            if isinstance(cls, External):
                if cls.name not in PLAIN_BASES and cls.name not in LIBRARY_BASES:
                    return True
            elif not isinstance(cls, Definition):
                return True
            elif any(cls.module.bindings(cls.scope, name) for name in SENDING):
                return True
    return False


@rule(
    Dispatch,
    "CEL600",
    "celery-dispatch-in-transaction",
    SUSPICIOUS,
    says="{what} is sent before the transaction commits: it may run without the rows "
    "written on line {row}, or with rows that are rolled back",
)
def dispatch_in_transaction(dispatch: Dispatch, project: Project) -> Iterator[Report]:
    """A worker may take the message before COMMIT; ROLLBACK does not take it back."""
    tasks = tasks_sent(dispatch)
    if not tasks or dispatch.partial or dispatch.in_test:
        return
    if dispatch.method not in SENDING and dispatch.method != "__call__":
        return
    if "countdown" in dispatch.options or "eta" in dispatch.options:
        # By then the transaction has been committed.
        return
    around = atomic_around(dispatch)
    if around is None or any(may_wait(task) for task in tasks):
        return
    write = around.write_before_or_after(dispatch)
    if write is None:
        return
    if any(
        c.module is dispatch.module and _inside(dispatch.span, c.span)
        for c in project.all(OnCommit)
    ):
        return
    yield report(
        dispatch.where,
        Related(around.where, "the transaction"),
        Related(write, "the write"),
        what=f"the {dispatch.canvas.kind}" if dispatch.canvas else f"`{tasks[0].shown}`",
        row=write.span[0],
        fix=around.data["atomic"] if around.data["plain"] else None,
    )


def tasks_sent(dispatch: Dispatch) -> list[Task]:
    """The task of a dispatch, or those of the canvas that it sends, as far as they are known."""
    if dispatch.task is not None:
        return [dispatch.task]
    pending, found = [dispatch.canvas] if dispatch.canvas else [], []
    while pending:
        canvas = pending.pop()
        pending += canvas.steps
        if canvas.task is not None:
            found.append(canvas.task)
    return found


def _inside(inner: Any, outer: Any) -> bool:
    return tuple(outer[:2]) <= tuple(inner[:2]) and tuple(inner[2:]) <= tuple(outer[2:])


@dispatch_in_transaction.fix(UNSAFE, "Send it when the transaction has committed")
def send_on_commit(finding: Finding, source: Source) -> Iterable[Edit]:
    """`task.delay(x)` to `transaction.on_commit(partial(task.delay, x))`, for a statement."""
    import ast

    call = call_at(source, finding.span)
    statements = (n.value for n in source.nodes() if isinstance(n, ast.Expr))
    if call is None or not any(
        isinstance(value, ast.Call) and source.span(value) == finding.span for value in statements
    ):
        return
    kind, first = finding.fix_data[0], finding.fix_data[2]
    edits: list[Edit] = []
    if kind == "attr" and first[0] == "name":
        on_commit: str | None = f"{first[2]}.on_commit"
    else:
        on_commit, edits = imported_name(source, "django.db.transaction", "on_commit")
    partial, more = as_partial(source, call)
    if on_commit is None or partial is None:
        return
    yield from [*edits, *more]
    yield Edit(finding.span, f"{on_commit}({partial})")


def as_partial(source: Source, call: ast.Call) -> tuple[str | None, list[Edit]]:
    """`f(x)` as `partial(f, x)`, and the import that this needs; `f` alone without arguments."""
    callee = source.span(call.func)
    name = text_at(source, callee)
    if not call.args and not call.keywords:
        return name, []
    partial, edits = imported_name(source, "functools", "partial")
    whole = source.span(call)
    arguments = text_at(source, (callee[2], callee[3], whole[2], whole[3])).strip()
    return partial and f"{partial}({name}, {arguments[1:-1].strip()})", edits


# CEL603: callbacks that see the loop's last value


@observe("For", "AsyncFor", needs=["on_commit"])
def callback_in_loop(node: Any, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """`on_commit(callback)` in a loop, where the callback uses names that the loop rebinds."""
    import ast

    calls = [p for p in own_nodes(node.body) if isinstance(p, ast.Call) and on_commit_like(p)]
    if not calls:
        return
    bound = names_bound(node)
    local = {s.name: s for s in own_nodes(node.body) if isinstance(s, ast.FunctionDef)}
    apart: set[int] = set()
    for part in own_nodes(node.body):
        if isinstance(part, (ast.With, ast.AsyncWith)) and any(
            "atomic" in last_name(getattr(i.context_expr, "func", None)) for i in part.items
        ):
            apart |= {id(p) for p in ast.walk(part)}
    leaving = {id(p) for p in statements_before_leaving(node.body)}
    inner = [p for p in own_nodes(node.body) if isinstance(p, (ast.For, ast.AsyncFor))]
    for call in calls:
        callback: ast.AST | None = call.args[0]
        if isinstance(callback, ast.Name):
            callback = local.get(callback.id)
        if not isinstance(callback, (ast.Lambda, ast.FunctionDef)):
            continue
        names = free_names(callback) & bound
        nearer = any(names_bound(i) & names and _holds(i, call) for i in inner)
        if not names or nearer or id(call) in apart or id(call) in leaving:
            continue
        yield (
            call,
            {
                "callee": site.expr(call.func),
                "names": sorted(names),
                "callback": getattr(callback, "name", "lambda"),
                "lambda": site.span(callback) if is_plain_call(callback) else None,
            },
        )


def _holds(outer: ast.AST, inner: ast.AST) -> bool:
    import ast

    return any(part is inner for part in ast.walk(outer))


def on_commit_like(call: ast.Call) -> bool:
    """Whether a call is spelled like one of `on_commit` with a callback."""
    return last_name(call.func) == "on_commit" and bool(call.args)


def names_bound(loop: ast.For | ast.AsyncFor) -> set[str]:
    """The names that each turn of a loop gives a new value."""
    import ast

    return {
        part.id
        for part in own_nodes([loop.target, *loop.body])
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }


def free_names(function: ast.Lambda | ast.FunctionDef) -> set[str]:
    """The names that a function reads from around it when it is called."""
    import ast

    arguments = function.args
    given = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    body = [function.body] if isinstance(function, ast.Lambda) else function.body
    names = [part for node in body for part in ast.walk(node) if isinstance(part, ast.Name)]
    stored = {name.id for name in names if not isinstance(name.ctx, ast.Load)}
    return {name.id for name in names} - stored - given


def statements_before_leaving(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """What runs at most once in a loop: what a `break`, `return` or `raise` in the same list of
    statements follows."""
    import ast

    pending: list[list[ast.stmt]] = [body]
    while pending:
        statements = pending.pop()
        leaves = bool(statements) and isinstance(statements[-1], (ast.Break, ast.Return, ast.Raise))
        for statement in statements:
            if leaves:
                yield from ast.walk(statement)
            elif not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                for name in ("body", "orelse", "finalbody"):
                    pending.append(getattr(statement, name, []))
                for arm in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
                    pending.append(arm.body)


def is_plain_call(callback: ast.AST) -> bool:
    """Whether a callback is `lambda: f(x, y.z)`: arguments that are as good now as later."""
    import ast

    if not isinstance(callback, ast.Lambda) or not isinstance(callback.body, ast.Call):
        return False
    call = callback.body
    arguments = callback.args
    values = [call.func, *call.args, *(k.value for k in call.keywords)]
    if arguments.args or arguments.kwonlyargs or any(k.arg is None for k in call.keywords):
        return False
    return bool(call.args or call.keywords) and all(
        isinstance(part, (ast.Name, ast.Attribute, ast.Constant, ast.Load))
        for value in values
        for part in ast.walk(value)
    )


@rule(
    callback_in_loop,
    "CEL603",
    "celery-on-commit-late-binding",
    CORRECTNESS,
    says="{callback} runs after the loop, when {names} {have} the value of the last turn: "
    "every callback gets that one",
)
def on_commit_late_binding(seen: Seen, project: Project) -> Iterator[Report]:
    """A function looks its free names up when it runs, and `on_commit` runs it at the commit."""
    if seen.resolve(seen.data["callee"]) != ON_COMMIT:
        return
    names = [f"`{name}`" for name in seen.data["names"]]
    callback = seen.data["callback"]
    yield report(
        seen.where,
        callback="the lambda" if callback == "lambda" else f"`{callback}`",
        names=", ".join(names),
        have="has" if len(names) == 1 else "have",
        fix=seen.data["lambda"],
    )


@on_commit_late_binding.fix(SAFE, "Bind the arguments with `partial`")
def bind_now(finding: Finding, source: Source) -> Iterable[Edit]:
    """`lambda: task.delay(x)` to `partial(task.delay, x)`."""
    import ast

    for node in source.nodes():
        if isinstance(node, ast.Lambda) and source.span(node) == finding.fix_data:
            if isinstance(node.body, ast.Call):
                partial, edits = as_partial(source, node.body)
                if partial is not None:
                    yield from edits
                    yield Edit(finding.fix_data, partial)


# CEL604: what is given to `on_commit` is no callback


class OnCommit(Subject):
    """A call of Django's `transaction.on_commit`; `callback` is its first argument."""

    __slots__ = ("call", "callback")

    def __init__(
        self, project: Project, module: LinkedModule, scope: int, block: int, call: Expr
    ) -> None:
        super().__init__(project, module, scope, block, call[1])
        self.call = call
        named = [value for keyword, value, _ in call[4] if keyword == "func"]
        self.callback: Expr = (*call[3], *named)[0]

    @classmethod
    def collect(cls, project: Project) -> list[OnCommit]:
        """Every such call, in the order of modules and rows."""
        return [
            cls(project, module, fact.scope, fact.block, fact.expr)
            for module in project.modules
            for fact in module.facts.expressions
            if is_on_commit(fact.expr)
            and project.names.resolve(fact.expr[2], module, fact.scope) == ON_COMMIT
        ]


def is_on_commit(expr: Expr) -> bool:
    """Whether an expression is spelled like a call of `on_commit` with a callback."""
    return (
        expr[0] == "call"
        and expr[2][0] in ("name", "attr")
        and (expr[2][2] if expr[2][0] == "name" else expr[2][3]) == "on_commit"
        and bool(expr[3] or any(keyword == "func" for keyword, _, _ in expr[4]))
    )


@rule(
    OnCommit,
    "CEL604",
    "celery-on-commit-not-callable",
    CORRECTNESS,
    says="`{shown}` is sent now, and `on_commit` raises TypeError: it needs a callable",
)
def on_commit_not_callable(call: OnCommit, project: Project) -> Iterator[Report]:
    """`on_commit` takes what it calls later (`django/db/backends/base/base.py`)."""
    given = call.callback
    if given[0] == "call" and given[2][0] == "attr" and given[2][3] in SENDING:
        shown = sent(call, given[2], call.scope)
        if shown is not None:
            yield report(call.where, shown=f"{shown}(...)", fix=("partial", given[1]))
    elif given[0] == "lambda":
        inner = call.module.facts.scopes[given[2]].returns
        if not inner or call.module.facts.scopes[given[2]].parameters:
            return
        body = inner[0]
        if body[0] == "attr" and body[3] in SENDING:
            shown = sent(call, body, given[2])
            if shown is not None:
                yield report(
                    call.where,
                    says="the lambda gives `{shown}` without calling it: nothing is sent",
                    shown=shown,
                    fix=("call", body[1]) if takes_nothing(call, body, given[2]) else None,
                )
        elif (kind := signature_kind(call, body, given[2])) is not None:
            yield report(
                call.where,
                says="the lambda builds a {kind} and drops it: nothing is sent",
                kind=kind,
                fix=("dispatch", body[1]) if body[0] == "call" else None,
            )
    elif signature_kind(call, given, call.scope) == "signature":
        yield report(
            call.where,
            says="`on_commit` calls the signature, which runs the task here and now: "
            "nothing is sent to a worker",
            fix=("delay", given[1]),
        )


def sent(call: OnCommit, method: Expr, scope: int) -> str | None:
    """`task.delay` as messages show it, where `method` is that of a task or a canvas."""
    task = call.project.task_of(call.project.names.resolve(method[2], call.module, scope))
    if task is not None:
        return f"{task.shown}.{method[3]}"
    kind = signature_kind(call, method[2], scope)
    return None if kind is None else f"{kind}.{method[3]}"


def signature_kind(call: OnCommit, expr: Expr, scope: int) -> str | None:
    """The kind of canvas that an expression builds ("signature", "chain", ...), or None."""
    if expr[0] not in ("call", "binary"):
        return None
    canvas = canvas_of(call.project, call.module, scope, expr)
    return None if canvas is None else canvas.kind


def takes_nothing(call: OnCommit, method: Expr, scope: int) -> bool:
    """Whether a task may be called without arguments; raises Undecided when not known."""
    task = call.project.task_of(call.project.names.resolve(method[2], call.module, scope))
    return task is not None and task.signature.bind(0, ()) is None


@on_commit_not_callable.fix(SAFE, "Give `on_commit` something to call")
def give_a_callable(finding: Finding, source: Source) -> Iterable[Edit]:
    """The callback that was meant, at the place of what was given."""
    kind, place = finding.fix_data
    if kind == "partial":
        call = call_at(source, place)
        if call is not None:
            partial, edits = as_partial(source, call)
            if partial is not None:
                yield from edits
                yield Edit(place, partial)
        return
    suffix = {"call": "()", "dispatch": ".delay()", "delay": ".delay"}[kind]
    yield Edit((place[2], place[3], place[2], place[3]), suffix)
