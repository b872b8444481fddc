"""Chords whose header keeps no results: CEL268."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..project.canvas import Canvas
from ..project.connections import backend_of
from ..project.dispatch import expects_error
from ..project.values import Const
from ..rule import (
    CORRECTNESS,
    UNSAFE,
    Edit,
    Finding,
    Related,
    Report,
    Undecided,
    report,
    rule,
)
from .canvas import NO_CHORDS, counted, runs_eagerly

if TYPE_CHECKING:
    from ..project import Project
    from ..source import Source

#: Backends that count the header's tasks as they end, and read the results then.
COUNTING = frozenset({"cache", "django-cache", "dynamodb", "gs"})


@rule(
    Canvas,
    "CEL268",
    "celery-chord-header-ignores-result",
    CORRECTNESS,
    says="`{task}` ignores its result, which the chord waits for: with the `{backend}` backend its "
    "callback {follows}",
)
def chord_header_ignores_result(canvas: Canvas, project: Project) -> Iterator[Report]:
    """Only Redis gets the results from the workers; the others poll for stored results
    (`celery/backends/base.py`: `fallback_chord_unlock`, `KeyValueStoreBackend`)."""
    if canvas.in_test or expects_error(canvas):
        return
    place = counted(canvas)
    if place is None:
        return
    header = place.steps[0] if place.kind == "chord" and place.steps else place
    if header.kind != "group" or canvas.app is None or runs_eagerly(canvas.app):
        return
    ignoring = [step for step in header.steps if ignores_result(step)]
    if not ignoring:
        return
    kind = backend_of(canvas.app.configuration)
    if kind == "redis" or kind in NO_CHORDS or kind == "disabled":
        return
    step = ignoring[0]
    task = step.task
    assert task is not None
    yield report(
        step.where if step.module is canvas.module else canvas.where,
        Related(task.option_where("ignore_result"), "the task"),
        task=task.shown,
        backend=kind,
        follows="fails with ChordError" if kind in COUNTING else "never runs",
        fix=list(step.span) if step.module is canvas.module else None,
    )


def ignores_result(step: Canvas) -> bool:
    """Whether a step surely leaves no result."""
    if step.kind != "signature" or step.task is None or step.open_options:
        return False
    given = step.options.get("ignore_result")
    try:
        value = step.evaluate(given[0]) if given is not None else step.task.option("ignore_result")
    except Undecided:
        return False
    return value is not None and all(
        isinstance(option, Const) and option.constant is True for option in value.alternatives()
    )


@chord_header_ignores_result.fix(UNSAFE, "Keep the result of this step")
def keep_result(finding: Finding, source: Source) -> Iterable[Edit]:
    """`task.s(...)` to `task.s(...).set(ignore_result=False)`."""
    row, column = finding.fix_data[2:]
    yield Edit((row, column, row, column), ".set(ignore_result=False)")
