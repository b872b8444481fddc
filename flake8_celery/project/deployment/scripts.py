"""Scripts of packages: poe, taskipy, pdm, hatch in pyproject.toml; npm's in package.json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .found import Found, Unreadable, in_shell

DEEPEST = 6
# Tables of pyproject.toml that hold commands.
TABLES = (
    ("tool", "poe", "tasks"),
    ("tool", "taskipy", "tasks"),
    ("tool", "pdm", "scripts"),
    ("tool", "hatch", "envs"),
)


def read_pyproject(text: str) -> Iterator[Found]:
    """The Celery commands of the script tables of a pyproject.toml."""
    if not any(f"[{'.'.join(keys)}" in text for keys in TABLES):
        return
    import tomllib

    try:
        data: Any = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from None
    for keys in TABLES:
        table = data
        for key in keys:
            table = table.get(key) if isinstance(table, dict) else None
        yield from _commands(table, text)


def read_package(text: str) -> Iterator[Found]:
    """The Celery commands of `scripts` in a package.json."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from None
    yield from _commands(data.get("scripts") if isinstance(data, dict) else None, text)


def _commands(value: Any, text: str, depth: int = 0) -> Iterator[Found]:
    if isinstance(value, str):
        if "celery" in value:
            yield from in_shell(value, _row_of(value, text))
    elif depth < DEEPEST and isinstance(value, (dict, list)):
        for inside in value.values() if isinstance(value, dict) else value:
            yield from _commands(inside, text, depth + 1)


def _row_of(value: str, text: str) -> int:
    """The row of a text in the file; the first row where it is written with escapes."""
    at = text.find(value.strip().split("\n")[0])
    return text.count("\n", 0, at) + 1 if at >= 0 else 1
