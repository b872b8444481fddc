"""Logging commands of Azure Pipelines."""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnostic import Diagnostic, Texts


def render(diagnostics: Sequence[Diagnostic], texts: Texts, unsafe: bool) -> str:
    """The diagnostics, a command a line."""
    return "".join(
        f"##vso[task.logissue type=error;sourcepath={d.path};"
        f"linenumber={d.span[0]};columnnumber={d.span[1]};code={d.code};]{d.message}\n"
        for d in diagnostics
    )
