"""Dockerfiles: CMD and ENTRYPOINT of the last stage that has them, in both forms.

`docker run` may set more variables and replace the command; the file still says what is meant."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from .found import Found, assignments, in_shell, in_words
from .words import Word, logical_lines, simple_commands

INSTRUCTION = re.compile(r"\s*(FROM|ENV|CMD|ENTRYPOINT)\s+(.*)", re.IGNORECASE | re.DOTALL)


def read(text: str) -> Iterator[Found]:
    """The Celery commands that containers of a Dockerfile run."""
    environment: dict[str, Word] = {}
    entry: tuple[int, list[Word] | str] | None = None
    command: tuple[int, list[Word] | str] | None = None
    for row, line in logical_lines(_without_comments(text)):
        match = INSTRUCTION.fullmatch(line)
        if not match:
            continue
        name, rest = match.group(1).upper(), match.group(2).strip()
        if name == "FROM":
            yield from _of_stage(entry, command, environment)
            environment, entry, command = {}, None, None
        elif name == "ENV":
            environment.update(_variables(rest))
        elif name == "ENTRYPOINT":
            entry = (row, _form(rest))
        else:
            command = (row, _form(rest))
    yield from _of_stage(entry, command, environment)


def _of_stage(
    entry: tuple[int, list[Word] | str] | None,
    command: tuple[int, list[Word] | str] | None,
    environment: dict[str, Word],
) -> Iterator[Found]:
    if entry and isinstance(entry[1], list) and command and isinstance(command[1], list):
        joined = list(in_words([*entry[1], *command[1]], command[0], environment))
        # An entry point of the project's own usually runs what it is given.
        yield from joined or in_words(command[1], command[0], environment)
        return
    for one in (entry, command):
        if one is None:
            continue
        if isinstance(one[1], str):
            yield from in_shell(one[1], one[0], environment)
        else:
            yield from in_words(one[1], one[0], environment)
        if one is entry and isinstance(one[1], str):
            # A shell-form entry point ignores CMD.
            return


def _form(rest: str) -> list[Word] | str:
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except (ValueError, RecursionError):
            return rest
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return [Word(word) for word in words]
    return rest


def _variables(rest: str) -> dict[str, Word]:
    words = [word.text for words in simple_commands(rest) for word in words]
    if words and "=" not in words[0]:
        return {words[0]: Word(" ".join(words[1:]))}
    return assignments(words)


def _without_comments(text: str) -> str:
    """Comment lines go, also those between continued lines; rows stay."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\\" if line.lstrip().startswith("#") else line for line in lines)
