"""One line for each diagnostic: `path:row:column: CODE [*] message`."""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnostic import Diagnostic, Texts, shown_path


def label(diagnostic: Diagnostic, unsafe: bool) -> str:
    """`CODE [*]`, as the text formats begin; the star says that `--fix` would mend it."""
    if diagnostic.code == "invalid-syntax":
        return "invalid-syntax:"
    return f"{diagnostic.code} [*]" if diagnostic.is_fixable(unsafe) else diagnostic.code


def render(diagnostics: Sequence[Diagnostic], texts: Texts, unsafe: bool) -> str:
    """The diagnostics, one a line."""
    return "".join(
        f"{shown_path(d.path)}:{d.span[0]}:{d.span[1]}: {label(d, unsafe)} {d.message}\n"
        for d in diagnostics
    )
