"""pylint's lines, `path:row: [CODE] message`, as flake8 and ruff write them."""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnostic import Diagnostic, Texts, shown_path


def render(diagnostics: Sequence[Diagnostic], texts: Texts, unsafe: bool) -> str:
    """The diagnostics, one a line."""
    return "".join(
        f"{shown_path(d.path)}:{d.span[0]}: [{d.code}] {d.message}\n" for d in diagnostics
    )
