"""Options as they are written, turned into settings.  Nothing else reads a configuration file.

An option is declared once, here, with its type and its help; the command line, flake8's options
and the documentation are made from the declaration.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from .celery_versions import Span, parse_span

FILE_NAMES = (".flake8-celery.toml", "flake8-celery.toml")
TABLE = "flake8-celery"


class ConfigError(Exception):
    """A configuration that cannot be used; the message names the file and the line."""


class Option(NamedTuple):
    """One key of the configuration.

    `kind` is "text", "list" or "flag"; `flake8` is its name there, if flake8 has it as well."""

    name: str
    kind: str
    default: Any
    help: str
    flake8: str = ""


OPTIONS = {
    option.name: option
    for option in (
        Option("select", "list", None, "rules to run, by code, prefix or name"),
        Option("extend-select", "list", [], "rules to run besides the selected ones"),
        Option("ignore", "list", [], "rules not to run"),
        Option("preview", "flag", False, "also run rules that are still in preview"),
        Option("exclude", "list", None, "files and folders to leave out, instead of the defaults"),
        Option("extend-exclude", "list", [], "more files and folders to leave out"),
        Option("respect-gitignore", "flag", True, "leave out what git ignores"),
        Option("cache-dir", "text", ".flake8_celery_cache", "where facts are kept between runs"),
        Option("output-format", "text", "full", "full, concise or json"),
        Option(
            "target-celery",
            "text",
            "5.3+",
            "the Celery releases the project may run on: `5.4`, `5.3-5.6` or `5.5+`",
            flake8="--celery-version",
        ),
        Option(
            "task-decorators",
            "list",
            [],
            "functions that make tasks although their code does not show it: `pkg.my_task`",
            flake8="--celery-task-decorators",
        ),
        Option(
            "extra-settings",
            "list",
            [],
            "settings that are read by the project's own code or by extensions",
            flake8="--celery-extra-settings",
        ),
    )
}


class Config(NamedTuple):
    """What one configuration file says: its path (None: there is none) and its keys."""

    path: str | None
    values: Mapping[str, Any]

    @property
    def folder(self) -> str | None:
        """The folder that relative paths and patterns in it start from."""
        return None if self.path is None else os.path.dirname(self.path)

    def get(self, name: str) -> Any:
        """A key's value or its default."""
        return self.values.get(name, OPTIONS[name].default)

    def place(self, name: str) -> str:
        """`path:row` of a key, for messages."""
        try:
            with open(str(self.path), encoding="utf-8") as stream:
                return f"{self.path}:{_row(stream.read(), name)}"
        except (OSError, ValueError):
            return str(self.path)


NO_CONFIG = Config(None, {})


def find(start: str) -> Config:
    """The closest configuration file at or above a folder.  Raises ConfigError."""
    folder = os.path.abspath(start)
    while True:
        for name in FILE_NAMES:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                return load(path)
        path = os.path.join(folder, "pyproject.toml")
        if os.path.isfile(path) and _mentions_us(path):
            config = load(path)
            if config.path is not None:
                return config
        above = os.path.dirname(folder)
        if above == folder:
            return NO_CONFIG
        folder = above


def _mentions_us(path: str) -> bool:
    """Whether it is worth parsing a `pyproject.toml`, most of which do not know us."""
    try:
        with open(path, "rb") as stream:
            return TABLE.encode() in stream.read()
    except OSError:
        return False


def load(path: str) -> Config:
    """A configuration file, checked.  Raises ConfigError for what cannot be read, is not TOML,
    or holds a key or value that is not ours."""
    import tomllib

    try:
        with open(path, "rb") as stream:
            text = stream.read().decode()
        data: Any = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: too deeply nested") from None
    if os.path.basename(path) == "pyproject.toml":
        tool = data.get("tool")
        data = tool.get(TABLE) if isinstance(tool, dict) else None
        if data is None:
            return NO_CONFIG
    if not isinstance(data, dict):
        raise ConfigError(f"{path}:{_row(text, TABLE)}: `tool.{TABLE}` must be a table")
    for key, value in data.items():
        _check(path, text, key, value)
    return Config(path, data)


def _check(path: str, text: str, key: str, value: Any) -> None:
    place = f"{path}:{_row(text, key)}"
    option = OPTIONS.get(key)
    if option is None:
        from .celery.words import nearest

        near = nearest(key, list(OPTIONS))
        hint = f", did you mean `{near}`?" if near else f", expected one of: {', '.join(OPTIONS)}"
        raise ConfigError(f"{place}: unknown key `{key}`{hint}")
    if option.kind == "flag" and not isinstance(value, bool):
        raise ConfigError(f"{place}: `{key}` must be true or false")
    if option.kind == "text" and not isinstance(value, str):
        raise ConfigError(f"{place}: `{key}` must be a string")
    if option.kind == "list" and not (
        isinstance(value, list) and all(isinstance(item, str) for item in value)
    ):
        raise ConfigError(f"{place}: `{key}` must be a list of strings")
    if key == "target-celery":
        try:
            parse_span(value)
        except ValueError as error:
            raise ConfigError(f"{place}: {error}") from None


def _row(text: str, key: str) -> int:
    """The row on which a key of our table is written, for messages; 1 where that is not found."""
    lines = text.splitlines()
    headers = (row for row, line in enumerate(lines) if line.strip().startswith(f"[tool.{TABLE}"))
    for row in range(next(headers, 0), len(lines)):
        line = lines[row].strip()
        parts = [part.strip(" \t\"'") for part in line.partition("=")[0].strip("[] \t").split(".")]
        if key in ((parts[-1],) if line.startswith("[") else parts[:1]):
            return row + 1
    return 1


def celery_span(value: str | None) -> Span | None:
    """The Celery releases that an option names; None for none.  Raises ConfigError."""
    if not value:
        return None
    try:
        return parse_span(value)
    except ValueError as error:
        raise ConfigError(str(error)) from None
