"""systemd units: ExecStart and Environment.

Not `configparser`: a unit may repeat a key, and then each counts, and an empty one resets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .found import Found, assignments, in_words
from .words import Word, logical_lines, simple_commands

# What may stand before the program, and systemd's own specifiers (`%i`).
PREFIX = re.compile(r"^[@\-:+!|]+")


def read(text: str) -> Iterator[Found]:
    """The Celery commands of a unit."""
    section = ""
    commands: list[tuple[int, str]] = []
    environment: dict[str, Word] = {}
    closed = True
    for row, line in logical_lines(text):
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        if line[0] == "[":
            section = line
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if section != "[Service]" or not equals:
            continue
        if key == "ExecStart":
            commands = [*commands, (row, value)] if value else []
        elif key == "Environment":
            pairs = [word.text for words in simple_commands(value) for word in words]
            environment.update(assignments(pairs))
        elif key in ("EnvironmentFile", "PassEnvironment"):
            closed = False
    for row, value in commands:
        for words in simple_commands(PREFIX.sub("", value)):
            yield from in_words([_word(word) for word in words], row, environment, closed)


def _word(word: Word) -> Word:
    """`%i` is not known before the unit runs; `%%` is a percent sign."""
    if re.search(r"(?<!%)%[a-zA-Z](?![a-zA-Z])", word.text) and "celery" not in word.text:
        return Word(word.text + "$")
    return Word(word.text.replace("%%", "%"))
