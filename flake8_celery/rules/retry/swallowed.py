"""Control exceptions that something catches on their way out: CEL101 and CEL102."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ...extract.observe import observe
from ...project.names import Definition, External
from ...project.retries import task_meant
from ...project.values import Items, Ref, Value
from ...rule import CORRECTNESS, UNSAFE, Edit, Finding, Report, Undecided, report, rule
from ..bodies import (
    RAISES,
    RETRIES,
    SWALLOWS,
    UNCLEAR,
    caught_types,
    escaping,
    guard_of,
    last_name,
    returns,
    suppressed,
)
from ..edits import imported_name

if TYPE_CHECKING:
    import ast

    from ...extract.observe import Site
    from ...project import Project, Seen
    from ...source import Source

EXCEPTIONS = "celery.exceptions."
#: Catching one of these means knowing about Celery's control exceptions.
AWARE = frozenset({"Retry", "Ignore", "Reject", "TaskPredicate", "CeleryError"})
CONTROL_WORDS = (".retry(", ".replace(", "Ignore", "Reject")


# CEL101 and CEL102: control exceptions that a broad `except` catches


@observe("Try", "With", "AsyncWith")
def caught(node: Any, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """Control exceptions that a broad `except`, a `suppress` or a `return` in `finally` catches."""
    if not site.holds(node, *CONTROL_WORDS):
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
            target = value.target
            if isinstance(target, External) and target.name.rpartition(".")[2] in AWARE:
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
