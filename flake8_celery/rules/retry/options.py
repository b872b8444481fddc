"""Options of tasks about retries: CEL103 to CEL105 and CEL117."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ...extract.observe import observe
from ...project.apps import App
from ...project.names import Definition
from ...project.retries import RetryCall, read_by_others, retries_of
from ...project.tasks import Task, task_with_body
from ...project.values import Const, Items, Mapping, Value
from ...rule import (
    CORRECTNESS,
    PEDANTIC,
    SUSPICIOUS,
    UNSAFE,
    Edit,
    Finding,
    Report,
    Undecided,
    report,
    rule,
)
from ..bodies import (
    escaping,
    is_retry,
    last_name,
    own_nodes,
)
from ..edits import text_at, without_try

if TYPE_CHECKING:
    import ast

    from ...extract.observe import Site
    from ...project import Project, Seen
    from ...source import Source

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

SENDING_AGAIN = frozenset("apply apply_async delay replace s si signature subtask".split())


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
                    if not is_passive(cls):
                        return True
    return False


@observe("ClassDef")
def passive_class(node: ast.ClassDef, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """A class with one of `ACTIVE_METHODS` that surely neither retries nor sends its task again,
    nor hands the task to somebody who might."""
    import ast

    methods = [m for m in node.body if isinstance(m, (ast.FunctionDef, ast.AsyncFunctionDef))]
    if not any(method.name in ACTIVE_METHODS for method in methods):
        return
    for method in methods:
        arguments = [*method.args.posonlyargs, *method.args.args]
        own = arguments[0].arg if arguments else ""
        quiet: set[int] = set()
        for part in ast.walk(method):
            if isinstance(part, ast.Attribute):
                on_self = getattr(part.value, "id", None) == own
                if "retr" in part.attr or (on_self and part.attr in SENDING_AGAIN):
                    return
                quiet.add(id(part.value))
            elif isinstance(part, ast.Call):
                if last_name(part.func) in ("super", *ACTIVE_METHODS):
                    quiet.update(id(argument) for argument in part.args)
                if "retr" in last_name(part.func):
                    return
            elif isinstance(part, ast.Name) and part.id == own and id(part) not in quiet:
                return
    yield node, {"class": site.scope_of(node)}


def is_passive(cls: Definition) -> bool:
    """Whether a class's methods were seen to leave retries alone."""
    return any(
        seen.data["class"] == cls.scope
        for seen in cls.module.facts.observations.get(passive_class.name, ())
    )


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
    for node in source.nodes():
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


@observe("FunctionDef", "AsyncFunctionDef", needs=RETRY_OPTIONS)
def retry_options(node: Any, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """Functions with `max_retries=` or `default_retry_delay=` in a decorator: whether something
    in them may retry, and whether their first parameter goes where it cannot be seen."""
    if not node.decorator_list:
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
        acts(setting.value)
        for app in project.all(App)
        for setting in app.configuration.writes("task_retry_on_worker_lost")
    )


# CEL105: no limit at all


@observe("FunctionDef", "AsyncFunctionDef", needs=["max_retries"])
def counting(node: Any, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """Functions that look at how often they were retried: `self.request.retries`."""
    if not site.holds(node, ".retries"):
        return
    import ast

    if any(isinstance(part, ast.Attribute) and part.attr == "retries" for part in ast.walk(node)):
        yield node, {"function": site.scope_of(node)}


@rule(
    Task,
    "CEL105",
    "celery-infinite-retries",
    SUSPICIOUS,
    says="`{task}` is retried for ever: `max_retries=None` sets no limit",
)
def infinite_retries(task: Task, project: Project) -> Iterator[Report]:
    """`Task.retry` gives up only where `max_retries` is not None (`celery/app/task.py`)."""
    if task.in_test or (task.name or "").startswith("celery."):
        return
    limit = task.option("max_retries")
    if not (isinstance(limit, Const) and limit.constant is None) or acts_alone(task):
        return
    if any(
        seen.data["function"] == task.function.scope and seen.module is task.function.module
        for seen in project.seen(counting)
    ):
        return
    unlimited = [call for call in retries_of(project, task) if may_be_unlimited(call)]
    automatic = autoretries(task) and "max_retries" not in retry_arguments(task)
    if automatic or unlimited:
        yield report(task.option_where("max_retries"), task=task.shown)


def may_be_unlimited(call: RetryCall) -> bool:
    """Whether a call of `retry` leaves the limit to the task."""
    given = call.keyword("max_retries")
    return not call.open and (given is None or (given[0][0] == "const" and given[0][2] is None))


def retry_arguments(task: Task) -> dict[str, Value]:
    """What `retry_kwargs` gives to each automatic retry.  Raises Undecided when not known."""
    value = task.option("retry_kwargs")
    if value is None or (isinstance(value, Const) and not value.constant):
        return {}
    if not isinstance(value, Mapping) or value.open:
        raise Undecided(f"`retry_kwargs` of the task at {task.where.shown}")
    return {str(entry.key.value): entry.item for entry in value.entries}


# CEL117: all retries at once

DEFAULT_MAX_RETRIES, DEFAULT_RETRY_DELAY, DEFAULT_BACKOFF_MAX = 3, 180, 600
#: Retries within fewer seconds than this meet the same outage.
SHORTEST_WINDOW = 10


@rule(
    Task,
    "CEL117",
    "celery-retry-window-too-short",
    PEDANTIC,
    says="All {count} retries of `{task}` come within {window} seconds: an outage that lasts "
    "longer fails the task",
)
def retry_window_too_short(task: Task, project: Project) -> Iterator[Report]:
    """The delays of automatic retries, added up (`celery/app/autoretry.py`)."""
    if task.in_test or not autoretries(task) or acts_alone(task):
        return
    arguments = retry_arguments(task)
    limit = arguments.get("max_retries") or task.option("max_retries")
    count = DEFAULT_MAX_RETRIES if limit is None else limit.value
    if not isinstance(count, int) or not 0 < count < SHORTEST_WINDOW:
        return
    window = sum(delays(task, arguments, count))
    if window < SHORTEST_WINDOW:
        option = "retry_backoff" if "retry_backoff" in task.options else "autoretry_for"
        shown = int(window) if window == int(window) else window
        yield report(task.option_where(option), count=count, task=task.shown, window=shown)


def delays(task: Task, arguments: dict[str, Value], count: int) -> list[float]:
    """The longest delays of a task's automatic retries, in seconds.  Raises Undecided."""
    factor = number(task.option("retry_backoff"), 0)
    if factor:
        largest = number(task.option("retry_backoff_max"), DEFAULT_BACKOFF_MAX)
        return [min(largest, int(max(1.0, factor)) * 2**retry) for retry in range(count)]
    if "eta" in arguments:
        raise Undecided(f"the `eta` of retries of the task at {task.where.shown}")
    delay = arguments.get("countdown")
    if delay is None or (isinstance(delay, Const) and delay.constant is None):
        return [number(task.option("default_retry_delay"), DEFAULT_RETRY_DELAY)] * count
    return [number(delay, 0)] * count


def number(value: Value | None, default: float) -> float:
    """An option that is a number, or Celery's default.  Raises Undecided."""
    if value is None:
        return default
    constant = value.value
    if isinstance(constant, (int, float)):
        return constant
    raise Undecided(f"a number at {value.where.shown}")
