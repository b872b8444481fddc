"""Output formats: one module each, with `render(diagnostics, texts, unsafe) -> str`.

The names, and what each writes, are ruff's."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from ..diagnostic import Diagnostic, Texts
from .color import PLAIN, Style

FORMATS = (
    "concise",
    "full",
    "json",
    "json-lines",
    "junit",
    "grouped",
    "github",
    "gitlab",
    "pylint",
    "rdjson",
    "azure",
    "sarif",
)
# Formats that a person reads: they have colours, and end with the summary.
WITH_SUMMARY = frozenset({"full", "concise", "grouped"})


def render(
    name: str,
    diagnostics: Sequence[Diagnostic],
    texts: Texts,
    unsafe: bool = False,
    style: Style = PLAIN,
) -> str:
    """The diagnostics in a format of `FORMATS`; `unsafe`: unsafe fixes count as fixable."""
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    styled = (style,) if name in WITH_SUMMARY else ()
    text: str = module.render(diagnostics, texts, unsafe, *styled)
    return text
