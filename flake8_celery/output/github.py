"""Workflow commands of GitHub Actions, which shows them beside the changes."""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnostic import Diagnostic, Texts, shown_path


def render(diagnostics: Sequence[Diagnostic], texts: Texts, unsafe: bool) -> str:
    """The diagnostics, a command a line."""
    return "".join(f"{_command(diagnostic)}\n" for diagnostic in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    row, column, end_row, end_column = diagnostic.span
    place = f"line={row},endLine={end_row}"
    if row == end_row:
        # GitHub takes columns only where both are on one line.
        place = f"line={row},col={column},endLine={end_row},endColumn={end_column}"
    code = diagnostic.code
    shown = f"{code}:" if code == "invalid-syntax" else code
    # A line break inside a command is written `%0A`.
    lines = [f"{shown_path(diagnostic.path)}:{row}:{column}: {shown} {diagnostic.message}"]
    for related in diagnostic.related:
        where = f"{shown_path(related.path)}:{related.span[0]}:{related.span[1]}"
        lines.append(f"  {where}: {related.message}")
    if diagnostic.help:
        lines.append(f"  help: {diagnostic.help}")
    head = f"::error title=flake8-celery ({code}),file={diagnostic.path},{place}::"
    return head + "%0A".join(lines)
