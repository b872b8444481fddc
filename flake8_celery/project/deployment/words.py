"""Shell text as words: what a shell would run, without running it.

What only the shell or a template can know (`$X`, `` `date` ``, `{{ x }}`) stays as it is written,
and a word that holds such a thing is not known.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

# What may hold blanks and quotes of its own, and is one part of a word all the same.
GROUPS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\$\{[^{}]*\}|\$\([^()]*\)|`[^`]*`|%\([^()]*\)s")
MARK = re.compile("\ue000(\\d+)\ue001")
DEFAULT = re.compile(r"\$\{\w+:?-([^{}$`]*)\}")
UNKNOWN = re.compile(r"[$`]|\{\{|\{%|%\(|^@\w+@$")
ENDS = frozenset("; & && | || ( ) ;; |&".split())


class Word(NamedTuple):
    """A word as it is written, quotes removed."""

    text: str

    @property
    def known(self) -> bool:
        """Whether it is what the program gets; `$X` is not."""
        return not UNKNOWN.search(self.text)

    @property
    def default(self) -> str | None:
        """`x` where the word is `${X:-x}`."""
        match = DEFAULT.fullmatch(self.text)
        return match.group(1) if match else None


def simple_commands(line: str) -> Iterator[list[Word]]:
    """The commands of a logical line of shell text, each as its words, without redirections.
    Nothing for a line that no shell would take."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match.group())
        return f"\ue000{len(kept) - 1}\ue001"

    def restore(match: re.Match[str]) -> str:
        number = int(match.group(1)[:9])
        return kept[number] if number < len(kept) else match.group()

    lexer = shlex.shlex(GROUPS.sub(keep, line), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    # `#` begins a comment only where a word may begin; the lexer would cut `a#b`.
    lexer.commenters = ""
    try:
        tokens = list(lexer)
    except ValueError:
        return
    words: list[Word] = []
    redirected = False
    for token in tokens:
        if token.startswith("#"):
            break
        if redirected:
            redirected = False
        elif token in ENDS:
            if words:
                yield words
            words = []
        elif token[0] in "<>" and not token.strip("<>&|"):
            redirected = True
        else:
            words.append(Word(MARK.sub(restore, token)))
    if words:
        yield words


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text with those joined that end in a backslash; each with its first row."""
    pending: list[str] = []
    first = 1
    for row, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if not pending:
            first = row
        if line.endswith("\\"):
            pending.append(line[:-1])
            continue
        yield first, " ".join([*pending, line])
        pending = []
    if pending:
        yield first, " ".join(pending)
