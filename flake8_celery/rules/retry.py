"""Retry: CEL100 to CEL149."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..extract.observe import observe
from ..project.apps import App
from ..project.names import Definition, External
from ..project.retries import RetryCall, read_by_others, retries_of, task_meant
from ..project.tasks import Task, task_with_body
from ..project.values import Const, Items, Mapping, Ref, Value
from ..rule import CORRECTNESS, SAFE, UNSAFE, Edit, Finding, Report, Undecided, report, rule
from .bodies import (
    RAISES,
    RETRIES,
    SWALLOWS,
    UNCLEAR,
    caught_types,
    escaping,
    guard_of,
    is_retry,
    last_name,
    own_nodes,
    returns,
    suppressed,
)
from .edits import imported_name, text_at, without_keyword, without_try

if TYPE_CHECKING:
    import ast

    from ..extract.observe import Site
    from ..facts import Expr
    from ..project import Project, Seen
    from ..source import Source

EXCEPTIONS = "celery.exceptions."
#: Catching one of these means knowing about Celery's control exceptions.
AWARE = frozenset(
    EXCEPTIONS + name for name in ("Retry", "Ignore", "Reject", "TaskPredicate", "CeleryError")
)
CONTROL_WORDS = (".retry(", ".replace(", "Ignore", "Reject")
MAX_RETRIES = "MaxRetriesExceededError"
#: Options that only `autoretry_for` reads (`celery/app/autoretry.py`).
AUTORETRY_OPTIONS = (
    "retry_backoff",
    "retry_backoff_max",
    "retry_jitter",
    "retry_kwargs",
    "dont_autoretry_for",
)
RETRY_OPTIONS = ("max_retries", "default_retry_delay")
# A base class with one of these may retry by itself, or read the options.
ACTIVE_METHODS = ("__call__", "run", "on_failure", "retry", "apply_async", "before_start")


# CEL101 and CEL102: control exceptions that a broad `except` catches


@observe("Try", "With", "AsyncWith")
def caught(node: Any, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """Control exceptions that a broad `except`, a `suppress` or a `return` in `finally` catches."""
    if not any(site.mentions(word) for word in CONTROL_WORDS):
        return
    import ast

    if not isinstance(node, ast.Try):
        call = suppressed(node)
        if call is not None:
            row = site.span(call)[0]
            for control in escaping(node.body):
                yield (
                    control.node,
                    {
                        "kind": control.kind,
                        "who": site.expr(control.who),
                        "by": "suppress",
                        "row": row,
                        "suppress": site.expr(call.func),
                        "ends": [SWALLOWS],
                        "before": [],
                    },
                )
        return
    guard, final = guard_of(node), returns(node.finalbody)
    if final is not None:
        body = [*node.body, *node.orelse]
        for handler in node.handlers:
            body += handler.body
        for control in escaping(body):
            yield (
                control.node,
                {
                    "kind": control.kind,
                    "who": site.expr(control.who),
                    "by": "finally: return",
                    "row": site.span(final)[0],
                    "ends": [SWALLOWS],
                    "before": [],
                },
            )
    elif guard is not None:
        types = caught_types(guard.handler)
        names = ", ".join(last_name(t) or "..." for t in types)
        shown = names if len(types) == 1 else f"({names})"
        for control in escaping(node.body):
            yield (
                control.node,
                {
                    "kind": control.kind,
                    "who": site.expr(control.who),
                    "by": f"except {shown}" if types else "except:",
                    "row": site.span(guard.handler)[0],
                    "ends": sorted(guard.ends),
                    "before": [site.expr(h.type) for h in guard.before],
                },
            )


@rule(
    caught,
    "CEL101",
    "celery-retry-swallowed",
    CORRECTNESS,
    says="`{what}` raises `{kind}`, which `{by}` on line {row} swallows: "
    "the task ends as {state}, and {more}",
)
def retry_swallowed(seen: Seen, project: Project) -> Iterator[Report]:
    """`Retry`, `Ignore` and `Reject` are `Exception`s (`celery/exceptions.py`); the message is
    out before `Retry` is raised (`celery/app/task.py`), and a body that returns succeeds."""
    ends = set(seen.data["ends"])
    if ends & {UNCLEAR, RETRIES} or not ends & {SWALLOWS, RAISES}:
        return
    what = raised(seen, project)
    if what is None:
        return
    kind, by, row = seen.data["kind"], seen.data["by"], seen.data["row"]
    state = "SUCCESS" if SWALLOWS in ends else "FAILURE"
    if what.startswith("raise "):
        says = "`{by}` on line {row} swallows the `{what}`: the task ends as {state}"
        yield report(seen.where, says=says, what=what, by=by, row=row, state=state)
        return
    more = "runs again all the same" if kind == "Retry" else "another one replaces it all the same"
    fix = row if kind == "Retry" and by.startswith("except") else None
    values = {"what": what, "kind": kind, "by": by, "row": row, "state": state, "more": more}
    yield report(seen.where, fix=fix, **values)


@rule(
    caught,
    "CEL102",
    "celery-double-retry",
    CORRECTNESS,
    says="`{what}` raises `Retry`, which `{by}` on line {row} catches to retry again: "
    "each run sends two messages",
)
def double_retry(seen: Seen, project: Project) -> Iterator[Report]:
    """`Task.retry` publishes before it raises (`celery/app/task.py`)."""
    ends = set(seen.data["ends"])
    if UNCLEAR in ends or RETRIES not in ends or seen.data["kind"] != "Retry":
        return
    what = raised(seen, project)
    if what is not None:
        row = seen.data["row"]
        yield report(seen.where, what=what, by=seen.data["by"], row=row, fix=row)


def raised(seen: Seen, project: Project) -> str | None:
    """What raises the control exception of an observation, as messages show it; None when it is
    none after all, or when an earlier `except` shows that the code knows about it.

    Raises Undecided when it is not known what an earlier `except` catches."""
    data = seen.data
    who = data["who"]
    if data.get("suppress") and seen.resolve(data["suppress"]) != External("contextlib.suppress"):
        return None
    target = seen.resolve(who)
    if target == External(EXCEPTIONS + data["kind"]):
        if seen.task is None:
            return None
        what = f"raise {data['kind']}"
    elif who[0] != "name" or task_meant(project, seen.module, seen.scope, who) is None:
        return None
    else:
        what = f"{who[2]}.{'retry' if data['kind'] == 'Retry' else 'replace'}()"
    for types in data["before"]:
        for value in classes_in(seen.evaluate(types)):
            if isinstance(value.target, External) and (
                value.target.name in AWARE or value.target.name.rpartition(".")[2] == "Retry"
            ):
                return None
    return what


def classes_in(value: Value) -> Iterator[Ref]:
    """The classes that an `except` or `autoretry_for` names; raises Undecided where not known."""
    for option in value.alternatives():
        if isinstance(option, Items) and not option.open:
            for item in option.items:
                yield from classes_in(item)
        elif isinstance(option, Ref) and isinstance(option.target, (External, Definition)):
            yield option
        else:
            raise Undecided(f"which exceptions are meant at {value.where.shown}")


@retry_swallowed.fix(UNSAFE, "Let `Retry` pass first")
def let_retry_pass(finding: Finding, source: Source) -> Iterable[Edit]:
    """Puts `except Retry: raise` before the broad `except`."""
    row = finding.fix_data
    line = source.line(row)
    indent = line[: len(line) - len(line.lstrip())]
    if not line.strip().startswith("except"):
        return
    name, edits = imported_name(source, "celery.exceptions", "Retry")
    if name is None:
        return
    yield from edits
    yield Edit((row, 1, row, 1), f"{indent}except {name}:\n{indent}    raise\n")


double_retry.fix(UNSAFE, "Let `Retry` pass first")(let_retry_pass)


# CEL103 and CEL104: options without what acts on them


def autoretries(task: Task) -> bool:
    """Whether `autoretry_for` is anything but empty.  Raises Undecided when not known."""
    value = task.option("autoretry_for")
    if value is None:
        return False
    if isinstance(value, Items) and not value.open:
        return bool(value.items)
    if isinstance(value, Const):
        return bool(value.constant)
    raise Undecided(f"`autoretry_for` of the task at {task.where.shown}")


def acts_alone(task: Task) -> bool:
    """Whether a base class of the project's own may retry, or read the task's options."""
    for base in task.bases:
        for cls in task.project.names.bases(base) if isinstance(base, Definition) else [base]:
            if isinstance(cls, Definition):
                if cls == task.owner:
                    continue
                if any(cls.module.bindings(cls.scope, name) for name in ACTIVE_METHODS):
                    return True
    return False


@rule(
    Task,
    "CEL103",
    "celery-backoff-without-autoretry",
    CORRECTNESS,
    says="{options} of `{task}` without `autoretry_for`: {result}",
)
def backoff_without_autoretry(task: Task, project: Project) -> Iterator[Report]:
    """Nothing but `add_autoretry_behaviour` reads these options (`celery/app/autoretry.py`)."""
    written = [name for name in AUTORETRY_OPTIONS if is_written(task, name)]
    if not written or task.wrapped or autoretries(task) or acts_alone(task):
        return
    if any(read_by_others(project, name, task) for name in written):
        return
    manual = [
        call
        for call in retries_of(project, task)
        if not (call.keyword("countdown") or call.keyword("eta") or call.open)
    ]
    one = len(written) == 1
    result = (
        "`retry()` waits `default_retry_delay` each time"
        if manual
        else f"{'it does' if one else 'they do'} nothing"
    )
    yield report(
        task.option_where(written[0]),
        options=_listed(written),
        task=task.shown,
        result=result,
        fix=True if manual and task.owner is None else None,
    )


@backoff_without_autoretry.fix(UNSAFE, "Retry automatically instead")
def retry_automatically(finding: Finding, source: Source) -> Iterable[Edit]:
    """Lists what the body's only `except` retries in `autoretry_for`, and drops the `try`."""
    import ast

    row, column, _, _ = finding.span
    for node in ast.walk(source.parse()):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        places = [
            source.span(k)[:2]
            for decorator in node.decorator_list
            if isinstance(decorator, ast.Call)
            for k in decorator.keywords
        ]
        retried = retried_alone(node) if (row, column) in places else None
        if retried is None or retried.type is None:
            continue
        body = without_try(source, node.body[-1])
        if body is not None:
            errors = text_at(source, source.span(retried.type))
            if not isinstance(retried.type, ast.Tuple):
                errors = f"({errors},)"
            yield Edit((row, column, row, column), f"autoretry_for={errors}, ")
            yield body


def retried_alone(function: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.ExceptHandler | None:
    """The only `except` of a body that is one `try`, where it does nothing but
    `raise self.retry(exc=exc)`."""
    import ast

    *before, last = function.body
    if not isinstance(last, ast.Try) or len(before) > 1 or last.orelse or last.finalbody:
        return None
    if before and ast.get_docstring(function, clean=False) is None:
        return None
    handler = last.handlers[0]
    if len(last.handlers) > 1 or len(handler.body) > 1 or next(escaping(last.body), None):
        return None
    only: ast.AST | None = handler.body[0]
    if isinstance(only, (ast.Raise, ast.Return, ast.Expr)):
        only = only.exc if isinstance(only, ast.Raise) else only.value
    if not isinstance(only, ast.Call) or not is_retry(only) or only.args:
        return None
    plain = [k.arg == "exc" and last_name(k.value) == handler.name for k in only.keywords]
    return handler if plain == [True] else None


def is_written(task: Task, name: str) -> bool:
    """Whether the task's decorator or its own class asks for an option."""
    value = task.options.get(name)
    owner = task.owner
    if value is None and owner is not None and owner.module.bindings(owner.scope, name):
        value = task.written(name)
    return value is not None and acts(value)


def acts(value: Value) -> bool:
    """Whether an option asks for something: anything but a known false or empty value."""
    if isinstance(value, Const):
        return bool(value.constant)
    if isinstance(value, Mapping):
        return value.open or bool(value.entries)
    return not isinstance(value, Items) or value.open or bool(value.items)


def _listed(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + f" and {quoted[-1]}"


@observe("FunctionDef", "AsyncFunctionDef")
def retry_options(node: Any, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """Functions with `max_retries=` or `default_retry_delay=` in a decorator: whether something
    in them may retry, and whether their first parameter goes where it cannot be seen."""
    if not node.decorator_list or not any(site.mentions(option) for option in RETRY_OPTIONS):
        return
    import ast

    if not any(
        keyword.arg in RETRY_OPTIONS
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call)
        for keyword in decorator.keywords
    ):
        return
    arguments = [*node.args.posonlyargs, *node.args.args]
    first = arguments[0].arg if arguments else None
    retries = escapes = False
    seen_as_owner: set[int] = set()
    own = {id(part) for part in own_nodes(node.body)}
    for part in (p for statement in node.body for p in ast.walk(statement)):
        if isinstance(part, ast.Attribute):
            retries = retries or part.attr in (*RETRY_OPTIONS, "retry", "autoretry_for")
            if isinstance(part.value, ast.Name) and id(part) in own:
                seen_as_owner.add(id(part.value))
        elif isinstance(part, ast.Call):
            retries = retries or "retry" in last_name(part.func).lower()
        if isinstance(part, ast.Name) and part.id == first and id(part) not in seen_as_owner:
            escapes = True
    data = {"function": site.scope_of(node), "retries": retries, "escapes": escapes}
    yield node, data


@rule(
    retry_options,
    "CEL104",
    "celery-retry-options-without-retry",
    CORRECTNESS,
    says="`{option}` of `{task}` without `autoretry_for` or a call of `retry()`: "
    "it is never retried",
)
def retry_options_without_retry(seen: Seen, project: Project) -> Iterator[Report]:
    """Only `Task.retry` reads `max_retries` and `default_retry_delay` (`celery/app/task.py`)."""
    task = task_with_body(project, Definition(seen.module, seen.data["function"]))
    if task is None or seen.data["retries"] or task.wrapped or task.replaced:
        return
    if task.bind and (seen.data["escapes"] or task.decorators_below()):
        return
    option = next((name for name in RETRY_OPTIONS if name in task.options), None)
    if option is None or not acts(task.options[option]):
        return
    if autoretries(task) or acts_alone(task) or retries_of(project, task):
        return
    if retries_when_lost(task, project) or read_by_others(project, option, task):
        return
    yield report(task.option_where(option), option=option, task=task.shown)


def retries_when_lost(task: Task, project: Project) -> bool:
    """Whether the task may be retried when its worker process dies: the decorator says so, or
    some app's configuration does."""
    value = task.options.get("retry_on_worker_lost")
    if value is not None:
        return acts(value)
    return any(
        setting.name == "task_retry_on_worker_lost" and acts(setting.value)
        for app in project.all(App)
        for setting in app.configuration.settings
    )


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


def is_exception(call: RetryCall, expr: Expr) -> bool:
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
        return not _mentions(expr[2], MAX_RETRIES)
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
