"""Canvas: CEL260 to CEL299."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..project.apps import App
from ..project.canvas import Canvas
from ..project.dispatch import expects_error
from ..project.values import Const, Text, Value
from ..rule import (
    CORRECTNESS,
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
from .calls import checks_arguments, signature_text

if TYPE_CHECKING:
    from ..project import Project
    from ..project.signature import Signature
    from ..source import Source

#: Result backends that refuse chords (`ensure_chords_allowed` in `celery/backends/rpc.py`).
NO_CHORDS = frozenset({"rpc", "amqp"})
SENDING = frozenset({"delay", "apply_async", ""})


# CEL260: what does not fit behind another step


@rule(
    Canvas,
    "CEL260",
    "celery-chain-step-mismatch",
    CORRECTNESS,
    says="This step gets the result of the step before it as its first argument, which does not "
    "fit `{task}`: {reason} (TypeError once that step is done)",
)
def chain_step_mismatch(canvas: Canvas, project: Project) -> Iterator[Report]:
    """`Task.on_success` sends the next step with the result before its own arguments, unless it
    is immutable (`celery/canvas.py`: `Signature._merge`)."""
    if expects_error(canvas):
        return
    if canvas.kind == "chain":
        behind = False
        for step in canvas.steps:
            if behind:
                yield from fed(step, canvas)
            # What `*steps` stands for may be nothing at all.
            behind = behind or step.expr[0] != "star"
        if canvas.steps and starts_at_once(canvas):
            yield from fed(canvas.steps[0], canvas, 0)
    elif canvas.kind == "chord" and len(canvas.steps) == 2:
        yield from fed(canvas.steps[1], canvas)


def fed(step: Canvas, whole: Canvas, results: int = 1) -> Iterator[Report]:
    """The reports on a step that gets `results` arguments besides its own."""
    if step.kind == "group":
        for member in step.steps:
            yield from fed(member, whole, results)
    elif step.kind == "chain" and step.steps:
        yield from fed(step.steps[0], whole, results)
    elif step.kind == "chord" and step.steps:
        yield from fed(step.steps[0], whole, results)
    elif step.kind == "signature":
        try:
            found = misfit(step, results)
        except Undecided:
            return
        if found is None or step.task is None:
            return
        reason, signature = found
        place = step.where if step.module is whole.module else whole.where
        function = step.task.function
        says = None
        if not results:
            says = (
                "The first step does not fit `{task}`: {reason} (TypeError when the chain is sent)"
            )
        elif step.immutable:
            says = (
                "This step does not fit `{task}`: {reason} (TypeError once the step before is done)"
            )
        yield report(
            place,
            Related(Where(function.module, function.facts.span), "the step's function"),
            says=says,
            task=signature_text(step.task, signature),
            reason=reason,
            fix=step.expr[1] if results and fits_without(step, signature) else None,
        )


def misfit(step: Canvas, results: int) -> tuple[str, Signature] | None:
    """Why a step cannot take what it gets, and what it takes; None when it can."""
    task = step.task
    if task is None or step.arguments is None or step.keywords is None or step.immutable is None:
        return None
    if not checks_arguments(task):
        return None
    signature = task.signature
    more = 0 if step.immutable else results
    reason = signature.bind(len(step.arguments) + more, step.keywords)
    return None if reason is None else (reason, signature)


def fits_without(step: Canvas, signature: Signature) -> bool:
    """Whether `task.s(...)` would fit as `task.si(...)`."""
    expr = step.expr
    return (
        expr[0] == "call"
        and expr[2][0] == "attr"
        and expr[2][3] == "s"
        and step.arguments is not None
        and step.keywords is not None
        and signature.bind(len(step.arguments), step.keywords) is None
    )


def starts_at_once(chain: Canvas) -> bool:
    """Whether a chain is sent where it is built, without arguments for its first step."""
    if chain.within not in ("Call", "Attribute"):
        return False
    place = tuple(chain.span)
    for expression in chain.module.facts.expressions:
        call = expression.expr
        if call[0] != "call" or call[3] or call[4]:
            continue
        callee = call[2]
        if callee[0] == "attr" and callee[3] in SENDING:
            callee = callee[2]
        if callee[0] in ("call", "binary") and tuple(callee[1]) == place:
            return True
    return False


@chain_step_mismatch.fix(UNSAFE, "Make the step immutable")
def make_immutable(finding: Finding, source: Source) -> Iterable[Edit]:
    """`task.s(...)` to `task.si(...)`, which does not take the result of the step before."""
    from .edits import call_at

    call = call_at(source, finding.fix_data)
    if call is not None:
        _, _, row, column = source.span(call.func)
        yield Edit((row, column, row, column), "i")


# CEL267: chords need a backend that can count


@rule(
    Canvas,
    "CEL267",
    "celery-chord-without-backend",
    CORRECTNESS,
    says="{what} needs a result backend that supports chords, and {backend}: sending it raises "
    "NotImplementedError",
)
def chord_without_backend(canvas: Canvas, project: Project) -> Iterator[Report]:
    """`Backend.ensure_chords_allowed` and its overrides in `celery/backends/base.py`
    (`DisabledBackend`) and `rpc.py`."""
    if canvas.in_test or expects_error(canvas):
        return
    place = counted(canvas)
    if place is None:
        return
    what = "A chord" if place.kind == "chord" else "A group followed by another step is a chord; it"
    app = canvas.app
    if app is None or runs_eagerly(app):
        return
    backend = app.configuration.get("result_backend")
    if disabled(backend):
        why = "none is configured"
    elif backend is not None and scheme(backend) in NO_CHORDS:
        why = f"`{scheme(backend)}` does not"
    else:
        return
    setting = app.configuration.setting("result_backend")
    related = Related(
        app.configuration.anchor if setting is None else setting.where, "the app's configuration"
    )
    yield report(place.where, related, what=what, backend=why)


def counted(canvas: Canvas) -> Canvas | None:
    """The part of a canvas that is a chord, or None."""
    expr = canvas.expr
    if canvas.kind == "chord":
        return canvas
    if canvas.kind != "chain":
        return None
    for place, step in enumerate(canvas.steps[:-1]):
        if step.kind != "group":
            continue
        single = not step.open and len(step.steps) <= 1
        # `chain(group(a.s()), b.s())` unrolls the group; `group(a.s()) | b.s()` does not.
        if single and not (expr[0] == "binary" and place == 0):
            continue
        return step if step.module is canvas.module else canvas
    return None


def disabled(backend: Value | None) -> bool:
    """Whether a value of `result_backend` surely means that there is none."""
    if backend is None:
        return True
    return all(
        isinstance(option, Const)
        and (not option.constant or str(option.constant).partition(":")[0] == "disabled")
        for option in backend.alternatives()
    )


def scheme(backend: Value) -> str | None:
    """The scheme of a result backend's URL or its short name, if it is known."""
    if isinstance(backend, Const) and isinstance(backend.constant, str):
        return backend.constant.partition(":")[0].partition("+")[0]
    if isinstance(backend, Text) and ":" in backend.head:
        return backend.head.partition(":")[0].partition("+")[0]
    return None


def runs_eagerly(app: App) -> bool:
    """Whether the app may be told to run tasks at once, without a broker or backend."""
    eager = app.configuration.get("task_always_eager")
    return eager is not None and not (isinstance(eager, Const) and not eager.constant)
