"""What a reader of one format finds: a command line, its row, and what is known around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from .options import Parsed, find
from .words import Word, logical_lines, simple_commands


class Unreadable(Exception):
    """A file cannot be read as what its name says; the argument says why."""


class Found(NamedTuple):
    """One Celery command in a deployment file.

    `environment` is what the file sets beside it; `closed`, that nothing else can set more.
    `published` tells whether its ports are opened to others; None where the file cannot tell."""

    row: int
    parsed: Parsed
    environment: dict[str, Word]
    closed: bool
    published: bool | None = None


def in_shell(
    text: str,
    row: int = 1,
    environment: dict[str, Word] | None = None,
    closed: bool = False,
    published: bool | None = None,
) -> Iterator[Found]:
    """The Celery commands of shell text whose first line is at `row`."""
    known = dict(environment or {})
    for offset, line in logical_lines(text):
        if "celery" not in line.lower():
            continue
        for words in simple_commands(line):
            yield from in_words(words, row + offset - 1, known, closed, published)


def in_words(
    words: Sequence[Word],
    row: int,
    environment: dict[str, Word],
    closed: bool = False,
    published: bool | None = None,
) -> Iterator[Found]:
    """The Celery commands that a list of words runs."""
    for parsed in find(words):
        yield Found(row, parsed, {**environment, **parsed.variables}, closed, published)


def assignments(words: Iterable[str]) -> dict[str, Word]:
    """`A=1` and the like as a mapping."""
    pairs = (word.partition("=") for word in words)
    return {name.strip(): Word(value) for name, equals, value in pairs if equals}
