"""One line for each diagnostic: `path:row:column: CODE [*] message`."""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnostic import Diagnostic, Texts, shown_path
from .color import BOLD, CODE, PLAIN, SEPARATOR, Style


def label(diagnostic: Diagnostic, unsafe: bool, style: Style) -> str:
    """`CODE [*]`, as the lines begin; the star says that `--fix` would mend it."""
    code = style.paint(CODE, style.link(diagnostic.url, diagnostic.code))
    if diagnostic.code == "invalid-syntax":
        return f"{code}:"
    return f"{code} [{style.paint(SEPARATOR, '*')}]" if diagnostic.is_fixable(unsafe) else code


def render(
    diagnostics: Sequence[Diagnostic], texts: Texts, unsafe: bool, style: Style = PLAIN
) -> str:
    """The diagnostics, one a line."""
    colon = style.paint(SEPARATOR, ":")
    return "".join(
        f"{style.paint(BOLD, shown_path(d.path))}{colon}{d.span[0]}{colon}{d.span[1]}{colon} "
        f"{label(d, unsafe, style)} {d.message}\n"
        for d in diagnostics
    )
