"""Procfiles: `name: command` on each line. Variables come from `.env` or the platform."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .found import Found, in_shell

LINE = re.compile(r"([A-Za-z0-9_-]+):\s*(.+)")


def read(text: str) -> Iterator[Found]:
    """The Celery commands of a Procfile."""
    for row, line in enumerate(text.splitlines(), start=1):
        match = LINE.fullmatch(line.strip())
        if match:
            yield from in_shell(match.group(2), row)
