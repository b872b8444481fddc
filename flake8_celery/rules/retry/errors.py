"""Which errors a task retries: CEL106, CEL107 and CEL112."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ...extract.observe import observe
from ...project.names import Definition, External
from ...project.retries import task_meant
from ...project.tasks import Task, task_with_body
from ...project.values import Items, Ref, Value, may_be
from ...rule import (
    CORRECTNESS,
    SUSPICIOUS,
    UNSAFE,
    Edit,
    Finding,
    Related,
    Report,
    Undecided,
    Where,
    report,
    rule,
)
from ..bodies import (
    RERAISES,
    RETRIES,
    VERBS,
    caught_types,
    endings,
    escaping,
    is_broad,
    last_name,
)
from .options import acts, autoretries, retry_arguments
from .swallowed import classes_in

if TYPE_CHECKING:
    import ast

    from ...extract.observe import Site
    from ...project import Project, Seen
    from ...source import Source

BROAD = frozenset({"builtins.Exception", "builtins.BaseException"})


# CEL106: `autoretry_for=(Exception,)`


@rule(
    Task,
    "CEL106",
    "celery-autoretry-too-broad",
    SUSPICIOUS,
    says="`autoretry_for` names `{error}`, so `{task}` is retried after every error: "
    "a bug and a soft time limit as well",
)
def autoretry_too_broad(task: Task, project: Project) -> Iterator[Report]:
    """`add_autoretry_behaviour` catches what is listed; `SoftTimeLimitExceeded` is an `Exception`
    (`celery/app/autoretry.py`)."""
    if task.in_test or not autoretries(task):
        return
    spared = task.option("dont_autoretry_for")
    if spared is not None and acts(spared):
        return
    limit = retry_arguments(task).get("max_retries") or task.option("max_retries")
    if limit is not None and may_be(limit, lambda number: number == 0 and number is not False):
        return
    listed = task.option("autoretry_for")
    if not isinstance(listed, Items):
        return
    for item in listed.items:
        if isinstance(item, Ref) and isinstance(item.target, External):
            if item.target.name in BROAD:
                error = item.target.name.removeprefix("builtins.")
                yield report(task.option_where("autoretry_for"), error=error, task=task.shown)
                return


# CEL107: `except Exception: raise self.retry()`


@observe("Try", needs=[".retry("])
def retried_handler(node: ast.Try, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """A broad `except` that retries whatever it caught."""
    handler = node.handlers[-1] if node.handlers else None
    if handler is None or not is_broad(handler) or endings(handler) != {RETRIES}:
        return
    if any(endings(other) == {RERAISES} for other in node.handlers[:-1]):
        return
    calls = [control for control in escaping(handler.body) if control.kind == "Retry"]
    if calls:
        types = caught_types(handler)
        shown = ", ".join(last_name(t) for t in types)
        yield (
            handler.type or handler,
            {
                "who": [site.expr(control.who) for control in calls],
                "caught": f"except {shown}" if shown else "except:",
            },
        )


@rule(
    retried_handler,
    "CEL107",
    "celery-retry-on-any-exception",
    SUSPICIOUS,
    says="`{caught}` retries `{task}` after every error, also after a bug that no retry repairs: "
    "catch the errors that pass",
)
def retry_on_any_exception(seen: Seen, project: Project) -> Iterator[Report]:
    """What `except Exception` catches includes programming errors and `SoftTimeLimitExceeded`."""
    if seen.in_test:
        return
    tasks = [task_meant(project, seen.module, seen.scope, who) for who in seen.data["who"]]
    if tasks and tasks[0] is not None and all(task is tasks[0] for task in tasks):
        yield report(seen.where, caught=seen.data["caught"], task=tasks[0].shown)


# CEL112: Python's own ConnectionError

#: What these functions raise, and that `ConnectionError` and `TimeoutError` are no bases of it.
BASES = {"requests": "requests.RequestException", "httpx": "httpx.HTTPError"}
BUILTIN = frozenset({"builtins.ConnectionError", "builtins.TimeoutError"})
#: What catches the errors of `requests` as well: they are `OSError`s; those of httpx are not.
CATCHES_OS = frozenset({"builtins.OSError", "builtins.IOError", "builtins.EnvironmentError"})
#: Where classes come from that are certainly no bases of the libraries' errors, but for the above.
UNRELATED = frozenset(
    "builtins socket ssl json smtplib ftplib asyncio concurrent django sqlalchemy redis".split()
)


@observe("FunctionDef", "AsyncFunctionDef", needs=["ConnectionError", "TimeoutError"])
def library_calls(node: Any, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """Calls like `requests.get(...)` in the bodies of decorated functions, with the `except`s
    around each; and what each `except` that retries names."""
    if not node.decorator_list or not any(site.mentions(library) for library in BASES):
        return
    import ast

    found: list[tuple[ast.Call, list[ast.Try]]] = []
    pending: list[tuple[ast.AST, list[ast.Try]]] = [(part, []) for part in node.body]
    nested = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    while pending:
        part, around = pending.pop()
        if isinstance(part, nested):
            continue
        if isinstance(part, ast.Try):
            pending += [(inner, [part, *around]) for inner in part.body]
            others = [*part.handlers, *part.orelse, *part.finalbody]
            pending += [(other, around) for other in others]
            continue
        if isinstance(part, ast.With) and any(
            last_name(getattr(item.context_expr, "func", None)) == "suppress" for item in part.items
        ):
            continue
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
            if part.func.attr in VERBS and isinstance(part.func.value, ast.Name):
                found.append((part, around))
        pending += [(child, around) for child in ast.iter_child_nodes(part)]
    for call, around in sorted(found, key=lambda pair: tuple(site.span(pair[0]))):
        handlers = [handler for part in around for handler in part.handlers]
        retrying = [
            handler
            for handler in handlers
            if any(control.kind == "Retry" for control in escaping(handler.body))
        ]
        yield (
            call,
            {
                "function": site.scope_of(node),
                "called": site.expr(call.func),
                "retrying": [site.expr(handler.type) for handler in retrying if handler.type],
                "who": [
                    site.expr(control.who)
                    for handler in retrying
                    for control in escaping(handler.body)
                    if control.kind == "Retry"
                ],
                "caught": [site.expr(handler.type) for handler in handlers if handler.type],
                "all": any(handler.type is None for handler in handlers),
            },
        )


@rule(
    library_calls,
    "CEL112",
    "celery-retry-misses-library-errors",
    CORRECTNESS,
    says="`{error}` is Python's own: `{call}` on line {row} never raises it, so its errors are not "
    "retried; `{base}` is what it raises",
)
def retry_misses_library_errors(seen: Seen, project: Project) -> Iterator[Report]:
    """`requests.ConnectionError` is an `OSError` but no `ConnectionError`, and httpx has errors
    of its own."""
    data = seen.data
    function = Definition(seen.module, data["function"])
    task = task_with_body(project, function)
    called = project.names.resolve(data["called"], seen.module, function.scope)
    if task is None or task.in_test or data["all"] or not isinstance(called, External):
        return
    library = called.name.partition(".")[0]
    if library not in BASES or called.name.rpartition(".")[2] not in VERBS:
        return
    values = project.values
    caught = [values.evaluate(expr, seen.module, function.scope) for expr in data["caught"]]
    if any(catches(ref, library) for value in caught for ref in classes_in(value)):
        return
    if data["retrying"]:
        if task_meant(project, seen.module, function.scope, data["who"][0]) is not task:
            return
        retried = values.evaluate(data["retrying"][0], seen.module, function.scope)
    elif caught or not autoretries(task):
        return
    else:
        option = task.option("autoretry_for")
        if option is None or any(catches(ref, library) for ref in classes_in(option)):
            return
        retried = option
    yield from missed(seen, task, retried, library)


def missed(seen: Seen, task: Task, retried: Value, library: str) -> Iterator[Report]:
    """The report on the first of Python's own errors among those that are retried."""
    own = [ref for ref in classes_in(retried) if name_of(ref) in BUILTIN]
    if not own or (first_call(seen, library) is not seen.data and not seen.data["retrying"]):
        return
    place = own[0].where
    here = place.module is seen.module
    if not here:
        place = task.option_where("autoretry_for")
    spelled = seen.data["called"][2]
    name = BASES[library].partition(".")[2]
    one = not isinstance(retried, Items)
    yield report(
        place,
        Related(Where(seen.module, seen.span), "what is not retried"),
        error=name_of(own[0]).removeprefix("builtins."),
        call=f"{spelled[2]}.{seen.data['called'][3]}",
        row=seen.span[0],
        base=BASES[library],
        fix=[f"{spelled[2]}.{name}", one] if here else None,
    )


def first_call(seen: Seen, library: str) -> Any:
    """The first observation in the same function whose errors nothing catches."""
    for other in seen.project.seen(library_calls):
        same = other.module is seen.module and other.data["function"] == seen.data["function"]
        if same and not other.data["caught"] and not other.data["all"]:
            target = other.project.names.resolve(
                other.data["called"], other.module, other.data["function"]
            )
            if isinstance(target, External) and target.name.partition(".")[0] == library:
                return other.data
    return None


def name_of(ref: Ref) -> str:
    """The dotted name of a class from outside; "" for one of the project's own."""
    return ref.target.name if isinstance(ref.target, External) else ""


def catches(ref: Ref, library: str) -> bool:
    """Whether a class catches errors of a library, or may be made to."""
    name = name_of(ref)
    if not name:
        raise Undecided(f"what is caught at {ref.where.shown}")
    if name in BROAD or name.partition(".")[0] in (library, "urllib3", "httpcore"):
        return True
    if library == "requests" and name in CATCHES_OS:
        return True
    if name.partition(".")[0] not in UNRELATED:
        raise Undecided(f"what `{name}` is a base of")
    return False


@retry_misses_library_errors.fix(UNSAFE, "Retry the library's errors as well")
def retry_library_errors(finding: Finding, source: Source) -> Iterable[Edit]:
    """Writes the library's base class behind the built-in one."""
    name, one = finding.fix_data
    row, column, end_row, end_column = finding.span
    if one:
        yield Edit((row, column, row, column), "(")
    yield Edit((end_row, end_column, end_row, end_column), f", {name}{')' if one else ''}")
