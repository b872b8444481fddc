"""A JSON object on each line, with ruff's keys."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..diagnostic import Diagnostic, Texts
from .json import record


def render(diagnostics: Sequence[Diagnostic], texts: Texts, unsafe: bool) -> str:
    """The diagnostics, an object a line."""
    return "".join(
        json.dumps(record(d, texts), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        + "\n"
        for d in diagnostics
    )
