"""Results: CEL150 to CEL199."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..extract.observe import observe
from ..project.apps import App
from ..project.canvas import canvas_of
from ..project.dispatch import ResultUse, blocks_outward, expects_error
from ..project.names import Definition, External, Target
from ..project.subject import Subject
from ..project.values import Const, Items, Made, Ref, Typed, Value, may_be
from ..rule import CORRECTNESS, UNSAFE, Edit, Finding, Related, Report, Undecided, report, rule
from .bodies import caught_types, last_name, own_nodes
from .canvas import disabled, runs_eagerly
from .edits import imported_module

if TYPE_CHECKING:
    import ast

    from ..extract.observe import Site
    from ..project import Project, Seen
    from ..source import Source

#: What waits for a result, and refuses to in a task (`celery/result.py`, assert_will_not_block).
WAITING = frozenset({"get", "join", "join_native", "wait", "collect", "get_leaf"})
CANVASES = frozenset("s si signature subtask chain group chord".split())
#: Pools that do not refuse (`celery/concurrency/gevent.py`, `task_join_will_block`).
GREEN_POOLS = frozenset({"gevent", "eventlet"})


# CEL150: waiting for a result in a task


@observe("UnaryOp")
def inverted(node: ast.UnaryOp, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """`~canvas`, which sends the canvas and waits for it (`celery/canvas.py`, `__invert__`)."""
    import ast

    if isinstance(node.op, ast.Invert) and isinstance(node.operand, ast.Call):
        if last_name(node.operand.func) in CANVASES:
            yield node, site.expr(node.operand)


class Wait(Subject):
    """A place that waits for a result: a `ResultUse`, or `~canvas`, where `use` is None."""

    __slots__ = ("use",)

    def __init__(self, at: Subject, use: ResultUse | None) -> None:
        super().__init__(at.project, at.module, at.scope, at.block, at.span)
        self.use = use

    @classmethod
    def collect(cls, project: Project) -> list[Wait]:
        """Every one of them, the uses first."""
        uses = [u for u in project.all(ResultUse) if u.called and u.method in WAITING]
        found = [cls(use, use) for use in uses]
        for seen in project.seen(inverted):
            if canvas_of(project, seen.module, seen.scope, seen.data) is not None:
                found.append(cls(seen, None))
        return found


@rule(
    Wait,
    "CEL150",
    "celery-result-get-in-task",
    CORRECTNESS,
    says="`{method}` waits for another task inside `{task}`: it raises RuntimeError",
)
def result_get_in_task(wait: Wait, project: Project) -> Iterator[Report]:
    """`assert_will_not_block` raises "Never call result.get() within a task!"."""
    task, use = wait.task, wait.use
    if task is None or wait.in_test or may_join(wait):
        return
    if use is not None:
        given = {keyword: value for keyword, value, _ in use.call[4]}
        if None in given or comes_back_at_once(use, project):
            return
        refuses = given.get("disable_sync_subtasks")
        if refuses is not None and not use.evaluate(refuses).value:
            return
    if any(may_be(pool, GREEN_POOLS.__contains__) for pool in configured(project, "worker_pool")):
        return
    yield report(wait.where, method=f"{use.method}()" if use else "~", task=task.shown)


def may_join(use: Subject) -> bool:
    """Whether it stands in `with allow_join_result():`."""
    return any(
        block.kind == "with"
        and any(
            context[0] == "call" and named(use.resolve(context[2])) == "allow_join_result"
            for context in block.exprs
        )
        for block in blocks_outward(use)
    )


def named(target: Target) -> str:
    """The last name of something from outside: a framework may hand on what is Celery's."""
    return target.name.rpartition(".")[2] if isinstance(target, External) else ""


def comes_back_at_once(use: ResultUse, project: Project) -> bool:
    """Whether the result is of a task that ignores its result: `get` gives None without waiting
    (`celery/result.py`)."""
    source = use.source
    if use.method not in ("get", "wait") or source is None or source.task is None:
        return False
    written = source.task.options.get("ignore_result")
    if "ignore_result" in source.options or (written is not None and not _is_false(written)):
        return True
    ignored = configured(project, "task_ignore_result")
    return written is None and any(not _is_false(value) for value in ignored)


def configured(project: Project, name: str) -> list[Value]:
    """The values that the configurations of all apps write for a setting."""
    return [
        setting.value
        for app in project.all(App)
        for setting in app.configuration.settings
        if setting.name == name
    ]


def _is_false(value: Value) -> bool:
    return isinstance(value, Const) and not value.constant


# CEL154: a result that nobody keeps


#: What asks the result backend for the task's state (`celery/result.py`).
ASKING_BACKEND = WAITING | frozenset(
    """children failed info ready result state status successful traceback""".split()
)


@rule(
    ResultUse,
    "CEL154",
    "celery-result-without-backend",
    CORRECTNESS,
    says="`{method}` needs a result backend, and the app has none: it raises {error}",
)
def result_without_backend(use: ResultUse, project: Project) -> Iterator[Report]:
    """`DisabledBackend` in `celery/backends/base.py`: it refuses to wait, and has no states."""
    if use.method not in ASKING_BACKEND or use.in_test or expects_error(use):
        return
    app, source = use.result.app, use.source
    if app is None or use.result.kind == "EagerResult" or runs_eagerly(app):
        return
    if source is not None and source.task is not None:
        if source.task.option("backend") is not None:
            return
    if not disabled(app.configuration.get("result_backend")):
        return
    yield report(
        use.where,
        Related(app.configuration.anchor, "no `result_backend` is set"),
        method=f"{use.method}()" if use.called else use.method,
        error="NotImplementedError" if use.method in WAITING else "AttributeError",
    )


# CEL162: the TimeoutError that is not Celery's

TIMEOUT_ERROR = "celery.exceptions.TimeoutError"
#: Classes named so that `get` does not raise; the first three are one class since Python 3.11.
OTHER_TIMEOUTS = frozenset(
    """builtins.TimeoutError asyncio.TimeoutError asyncio.exceptions.TimeoutError
    concurrent.futures.TimeoutError socket.timeout""".split()
)
#: Celery's own and its bases (`celery/exceptions.py`), wherever they are imported from.
CATCHING = frozenset("TimeoutError TaskError CeleryError Exception BaseException".split())


@observe("Try")
def waits_with_timeout(node: ast.Try, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """An `except TimeoutError` around calls of `get` or `join` with a timeout."""
    import ast

    named = [
        type_
        for handler in node.handlers
        for type_ in caught_types(handler)
        if last_name(type_) in ("TimeoutError", "timeout")
    ]
    if not named or any(handler.type is None for handler in node.handlers):
        return
    calls = [
        part
        for part in own_nodes(node.body)
        if isinstance(part, ast.Call) and last_name(part.func) in WAITING and has_timeout(part)
    ]
    if calls:
        yield (
            named[0],
            {
                "calls": [site.span(call) for call in calls],
                "type": site.expr(named[0]),
                "others": [site.expr(t) for h in node.handlers for t in caught_types(h)],
            },
        )


def has_timeout(call: ast.Call) -> bool:
    """Whether a call of `get` or `join` gives a timeout that is not None."""
    import ast

    given = [k.value for k in call.keywords if k.arg == "timeout"] or list(call.args[:1])
    return bool(given) and not (isinstance(given[0], ast.Constant) and given[0].value is None)


@rule(
    waits_with_timeout,
    "CEL162",
    "celery-builtin-timeout-error",
    CORRECTNESS,
    says="`{shown}` does not catch the `celery.exceptions.TimeoutError` that `{method}()` on line "
    "{row} raises",
)
def builtin_timeout_error(seen: Seen, project: Project) -> Iterator[Report]:
    """`celery.exceptions.TimeoutError` is a CeleryError and nothing else."""
    target = seen.resolve(seen.data["type"])
    if not (isinstance(target, External) and target.name in OTHER_TIMEOUTS):
        return
    use = next((use for call in seen.data["calls"] for use in _uses_at(seen, call)), None)
    if use is None:
        return
    for other in seen.data["others"]:
        for name in class_names(seen.evaluate(other)):
            if name.rpartition(".")[2] in CATCHING and name not in OTHER_TIMEOUTS:
                return
    yield report(
        seen.where,
        shown=target.name.removeprefix("builtins."),
        method=use.method,
        row=use.span[0],
        fix=True,
    )


def _uses_at(seen: Seen, place: Any) -> Iterator[ResultUse]:
    for use in seen.project.all(ResultUse):
        if use.module is seen.module and tuple(use.span) == tuple(place) and times_out(use):
            yield use


def times_out(use: ResultUse) -> bool:
    """Whether the timeout that is given is a number: None waits for ever."""
    given = [value for keyword, value, _ in use.call[4] if keyword == "timeout"] or use.call[3]
    return all(
        option.constant is not None
        if isinstance(option, Const)
        else isinstance(option, (Typed, Made)) and is_number(option)
        for option in use.evaluate(given[0]).alternatives()
    )


def is_number(value: Typed | Made) -> bool:
    """Whether something from outside, or an operation, can only give a number."""
    if isinstance(value, Typed):
        return value.type in ("int", "float")
    return isinstance(value.callee, str) and value.callee.startswith("operator.")


def class_names(value: Value) -> Iterator[str]:
    """The dotted names of the classes that an `except` names; a class of the project's own gives
    those of its bases.  Raises Undecided where they are not known."""
    for option in value.alternatives():
        if isinstance(option, Items) and not option.open:
            for item in option.items:
                yield from class_names(item)
        elif isinstance(option, Ref) and isinstance(option.target, External):
            yield option.target.name
        elif isinstance(option, Ref) and isinstance(option.target, Definition):
            yield option.target.qualified_name
        else:
            raise Undecided(f"which exceptions are meant at {value.where.shown}")


@builtin_timeout_error.fix(UNSAFE, "Catch Celery's `TimeoutError`")
def catch_celerys(finding: Finding, source: Source) -> Iterable[Edit]:
    """Writes `celery.exceptions.TimeoutError`, and imports it."""
    edits = imported_module(source, "celery.exceptions")
    if edits is not None:
        yield from edits
        yield Edit(finding.span, TIMEOUT_ERROR)
