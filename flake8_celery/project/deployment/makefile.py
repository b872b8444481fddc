"""Makefiles: the recipes. `$$X` is the shell's, `$(X)` make's; neither is known here."""

from __future__ import annotations

from collections.abc import Iterator

from .found import Found, in_shell
from .words import logical_lines


def read(text: str) -> Iterator[Found]:
    """The Celery commands of a Makefile's recipes."""
    for row, line in logical_lines(text):
        if line.startswith("\t"):
            yield from in_shell(line.strip().lstrip("@-+"), row)
