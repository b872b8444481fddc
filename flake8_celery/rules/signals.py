"""Signals, logging, remote control and extension: CEL800 to CEL849."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..celery.signals import COMMON_ARGUMENTS
from ..project.handlers import SignalHandler
from ..rule import CORRECTNESS, SAFE, Edit, Finding, Related, Report, report, rule

if TYPE_CHECKING:
    from ..facts import Parameter
    from ..project import Project
    from ..source import Source

NAMED = ("either", "keyword")


@rule(
    SignalHandler,
    "CEL800",
    "celery-signal-handler-signature",
    CORRECTNESS,
    says="`{function}` does not take `**kwargs`: connecting it to `{signal}` raises ValueError",
)
def handler_signature(handler: SignalHandler, project: Project) -> Iterator[Report]:
    """`Signal._connect_signal` refuses receivers without `**kwargs`; `Signal.send` passes
    everything by name and only logs what a receiver raises (`celery/utils/dispatch/signal.py`)."""
    if not handler.direct:
        return
    function = handler.function.facts.name or "lambda"
    elsewhere = (
        ()
        if handler.connected.module is handler.module
        else (Related(handler.connected, f"connected to `{handler.signal}` here"),)
    )
    parameters = handler.parameters
    if not any(p.kind == "**" for p in parameters):
        # With `retry=` a wrapper is connected, which takes everything.
        if handler.option("retry") is None:
            yield report(
                handler.where,
                *elsewhere,
                fix=True,
                function=function,
                signal=handler.signal,
            )
            return
    missing = never_sent(handler)
    if missing:
        names = ", ".join(f"`{p.name}`" for p in missing)
        yield report(
            handler.where,
            *elsewhere,
            says="`{signal}` never sends {names}, which `{function}` requires: each call raises "
            "TypeError, which Celery only logs",
            function=function,
            signal=handler.signal,
            names=names,
        )


def never_sent(handler: SignalHandler) -> list[Parameter]:
    """The parameters that a signal's handler requires and the signal does not pass by name."""
    sent = handler.sent
    if sent is None:
        return []
    return [
        parameter
        for parameter in handler.parameters
        if parameter.default is None
        and (
            parameter.kind == "positional"
            or (parameter.kind in NAMED and parameter.name not in sent | COMMON_ARGUMENTS)
        )
    ]


@handler_signature.fix(SAFE, "Add `**kwargs`")
def take_keywords(finding: Finding, source: Source) -> Iterable[Edit]:
    """Adds `**kwargs` behind the last parameter of the function or lambda at the finding."""
    import io
    import tokenize

    row, column, _, _ = finding.span
    text = source.text[source.offset(row, column) :]
    is_lambda = text.startswith("lambda")
    depth, last, name = 0, None, "**kwargs"
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.NL, tokenize.COMMENT):
            continue
        if token.string in ("(", "[", "{"):
            depth += 1
        elif token.string in (")", "]", "}"):
            depth -= 1
        if depth == 0 and token.string == (":" if is_lambda else ")"):
            break
        if token.type == tokenize.NAME and token.string == "kwargs":
            name = "**_kwargs"
        last = token
    if last is None or last.string == "/":
        return
    first = last.string in ("lambda", "(")
    glue = " " if last.string in ("lambda", ",") else "" if first else ", "
    at = (row + last.end[0] - 1, last.end[1] + (column if last.end[0] == 1 else 1))
    yield Edit((*at, *at), glue + name)
