"""The diagnostics of each file under its name."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ..diagnostic import Diagnostic, Texts, shown_path
from .color import PLAIN, SEPARATOR, UNDERLINE, Style
from .concise import label


def render(
    diagnostics: Sequence[Diagnostic], texts: Texts, unsafe: bool, style: Style = PLAIN
) -> str:
    """A block for each file, each followed by a blank line."""
    # ruff makes no links in this format.
    unlinked = style._replace(hyperlinks=False)
    colon = style.paint(SEPARATOR, ":")
    lines = []
    for path, found in groupby(diagnostics, key=lambda diagnostic: shown_path(diagnostic.path)):
        group = list(found)
        rows = max(len(str(diagnostic.span[0])) for diagnostic in group)
        columns = max(len(str(diagnostic.span[1])) for diagnostic in group)
        lines.append(f"{style.paint(UNDERLINE, path)}:")
        for diagnostic in group:
            row, column = diagnostic.span[:2]
            lines.append(
                f"  {row:>{rows}}{colon}{column:<{columns}} "
                f"{label(diagnostic, unsafe, unlinked)} {diagnostic.message}"
            )
        lines.append("")
    return "".join(f"{line}\n" for line in lines)
