"""Supervisor's `[program:x]` sections: command and environment."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator

from .found import Found, Unreadable, assignments, in_words
from .words import Word, simple_commands


def read(text: str) -> Iterator[Found]:
    """The Celery commands of a supervisor configuration; nothing for other `.conf` files."""
    if "[program:" not in text:
        return
    # Supervisor reads with `strict=False` too; `%(x)s` is its own, so nothing is interpolated.
    parser = configparser.RawConfigParser(
        strict=False, allow_no_value=True, inline_comment_prefixes=(" ;",)
    )
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise Unreadable(" ".join(str(error).split())) from None
    rows = _rows(text)
    for section in parser.sections():
        if not section.startswith("program:"):
            continue
        command = parser.get(section, "command", fallback=None)
        given = parser.get(section, "environment", fallback=None) or ""
        pairs = [word.text.strip(",") for words in simple_commands(given) for word in words]
        environment: dict[str, Word] = {}
        for pair in pairs:
            environment.update(assignments(pair.split(",")))
        line = " ".join((command or "").split())
        # Supervisor runs one program, without a shell.
        for words in list(simple_commands(line))[:1]:
            yield from in_words(words, rows.get(section, 1), environment)


def _rows(text: str) -> dict[str, int]:
    """The rows of `command` by section."""
    rows: dict[str, int] = {}
    section = ""
    for row, line in enumerate(text.splitlines(), start=1):
        if line.startswith("[") and "]" in line:
            section = line[1 : line.index("]")]
        elif re.match(r"command\s*[=:]", line, re.IGNORECASE):
            rows[section] = row
    return rows
