"""Shell scripts, line by line: assignments at the start of a line hold for what follows.

Which branch of an `if` runs is not asked: each command in it is one that somebody may run."""

from __future__ import annotations

from collections.abc import Iterator

from .found import Found, in_shell


def read(text: str) -> Iterator[Found]:
    """The Celery commands of a shell script."""
    yield from in_shell(text)
