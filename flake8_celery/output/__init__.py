"""Output formats: one module each, with `render(diagnostics, texts, unsafe) -> str`."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from ..diagnostic import Diagnostic, Texts

FORMATS = ("full", "concise", "json")
# Formats that a person reads end with the summary.
WITH_SUMMARY = frozenset({"full", "concise"})


def render(name: str, diagnostics: Sequence[Diagnostic], texts: Texts, unsafe: bool = False) -> str:
    """The diagnostics in a format of `FORMATS`; `unsafe`: unsafe fixes count as fixable."""
    module = importlib.import_module(f"{__name__}.{name}")
    text: str = module.render(diagnostics, texts, unsafe)
    return text
