"""Options as they are written, turned into settings.  Nothing else reads a configuration file.

An option is declared once, here, with its type, its default and its help; the command line,
flake8's options, the JSON schema and the reference in `rule_docs/` are made from the declaration.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from . import __version__
from .celery_versions import Span, parse_span

FILE_NAMES = (".flake8-celery.toml", "flake8-celery.toml")
RUFF_FILE_NAMES = (".ruff.toml", "ruff.toml")
TABLE = "flake8-celery"
# What is taken from ruff's configuration where ours does not say it.
FROM_RUFF = ("exclude", "extend-exclude", "src")
ON_THE_COMMAND_LINE = "the CLI"


class ConfigError(Exception):
    """A configuration that cannot be used; the message names the file and the line."""


class Option(NamedTuple):
    """One key of the configuration.

    `kind` is "text", "list", "flag", "number" (from 1) or "table" (of lists); `default` None means
    that nothing is said.  `lint`: it may also stand in a `lint` table, as ruff has it.  `adds`: it
    adds to what an extended file says.  `flake8` is its name there, if flake8 has it as well."""

    name: str
    kind: str
    default: Any
    help: str
    example: str
    lint: bool = False
    adds: bool = False
    flake8: str = ""


OPTIONS = {
    option.name: option
    for option in (
        Option("select", "list", None, "rules to run, by code, prefix or name", '["CEL"]', True),
        Option(
            "extend-select",
            "list",
            [],
            "rules to run besides the selected ones",
            '["CEL800"]',
            True,
        ),
        Option("ignore", "list", [], "rules not to run", '["CEL05"]', True),
        Option("extend-ignore", "list", [], "the same as `ignore`", '["CEL05"]', True),
        Option(
            "per-file-ignores",
            "table",
            {},
            "rules not to run in files whose name or path matches a pattern; `!` negates it",
            '{"tests/**" = ["CEL"]}',
            True,
        ),
        Option(
            "extend-per-file-ignores",
            "table",
            {},
            "more of them, besides those of an extended file",
            '{"scripts/*.py" = ["CEL101"]}',
            True,
            True,
        ),
        Option("preview", "flag", False, "also run rules that are still in preview", "true", True),
        Option(
            "fixable",
            "list",
            None,
            "rules whose fixes may be made; all by default",
            '["CEL"]',
            True,
        ),
        Option(
            "extend-fixable", "list", [], "more rules whose fixes may be made", '["CEL1"]', True
        ),
        Option(
            "unfixable",
            "list",
            [],
            "rules whose fixes are neither made nor shown",
            '["CEL4"]',
            True,
        ),
        Option("extend-unfixable", "list", [], "the same as `unfixable`", '["CEL4"]', True),
        Option(
            "extend-safe-fixes",
            "list",
            [],
            "rules whose unsafe fixes count as safe",
            '["CEL440"]',
            True,
        ),
        Option(
            "extend-unsafe-fixes",
            "list",
            [],
            "rules whose safe fixes count as unsafe",
            '["CEL990"]',
            True,
        ),
        Option("fix", "flag", False, "make safe fixes, as `--fix` does", "true"),
        Option(
            "unsafe-fixes",
            "flag",
            None,
            "make or count unsafe fixes, too; `false`: do not even mention them",
            "true",
        ),
        Option("fix-only", "flag", False, "make fixes and show nothing else", "true"),
        Option("show-fixes", "flag", False, "list the fixes that were made", "true"),
        Option(
            "exclude",
            "list",
            None,
            "files and folders to leave out, instead of the defaults",
            '["migrations"]',
        ),
        Option(
            "extend-exclude",
            "list",
            [],
            "more files and folders to leave out",
            '["legacy/*.py"]',
            adds=True,
        ),
        Option(
            "force-exclude",
            "flag",
            False,
            "leave them out even if they are named in the call",
            "true",
        ),
        Option("respect-gitignore", "flag", True, "leave out what git ignores", "false"),
        Option("src", "list", [".", "src"], "folders that imports start from", '["backend"]'),
        Option(
            "cache-dir",
            "text",
            ".flake8_celery_cache",
            "where facts are kept between runs",
            '"~/.cache/flake8-celery"',
        ),
        Option(
            "output-format",
            "text",
            "full",
            "how findings are shown; the names are ruff's: full, concise, json, ...",
            '"concise"',
        ),
        Option(
            "extend",
            "text",
            None,
            "a configuration file that this one adds to; its path is relative to this file",
            '"../flake8-celery.toml"',
        ),
        Option(
            "required-version",
            "text",
            None,
            "releases of flake8-celery that may run here, or exit code 2",
            '">=0.1"',
        ),
        Option(
            "target-celery",
            "text",
            None,
            "the Celery releases the project may run on: `5.4`, `5.3-5.6` or `5.5+`; by default "
            "what its lock files and requirements allow, else 5.3+",
            '"5.4-5.6"',
            flake8="--celery-version",
        ),
        Option(
            "task-decorators",
            "list",
            [],
            "functions that make tasks although their code does not show it",
            '["pkg.my_task"]',
            flake8="--celery-task-decorators",
        ),
        Option(
            "extra-settings",
            "list",
            [],
            "settings that are read by the project's own code or by extensions",
            '["shop_report_hour"]',
            flake8="--celery-extra-settings",
        ),
        Option(
            "late-ack-tasks",
            "list",
            [],
            "tasks that must acknowledge late, by name; `*` stands for any text (CEL021)",
            '["billing.*"]',
            flake8="--celery-late-ack-tasks",
        ),
        Option(
            "beat-stampede",
            "number",
            5,
            "how many entries of a schedule may not fall due in the same minute (CEL524)",
            "10",
            flake8="--celery-beat-stampede",
        ),
    )
}
#: What a project's analysis asks for, decided once for the whole of it.
FOR_ANALYSIS = ("task-decorators", "extra-settings", "late-ack-tasks", "beat-stampede")
TYPES = {
    "text": "str",
    "list": "list[str]",
    "flag": "bool",
    "number": "int",
    "table": "dict[str, list[str]]",
}


class Ignore(NamedTuple):
    """One entry of a `per-file-ignores`: the rules `selectors` do not run in the files that
    `pattern`, which starts from `folder`, matches."""

    folder: str
    pattern: str
    selectors: tuple[str, ...]


class Config(NamedTuple):
    """What one configuration file says: its path (None: there is none) and its keys.

    Relative paths and patterns in it start from `folder`.  `base` is the configuration that it
    extends; `ruff` is what ruff's own says of files."""

    path: str | None
    values: Mapping[str, Any]
    folder: str | None = None
    base: Config | None = None
    ruff: Config | None = None

    def layers(self) -> list[Config]:
        """This configuration and those that it extends, the outermost first."""
        return [*(self.base.layers() if self.base else ()), self]

    def get(self, name: str) -> Any:
        """A key's value or its default."""
        layer = self._says(name)
        return OPTIONS[name].default if layer is None else layer.values[name]

    def patterns(self, name: str) -> tuple[str, ...] | None:
        """The patterns of `exclude` or `extend-exclude`, None for the default.

        Those with a slash start from the folder of their file, and are absolute here."""
        if OPTIONS[name].adds:
            said = [layer for layer in self.layers() if name in layer.values]
        else:
            said = [layer for layer in [self._says(name)] if layer is not None]
        if not said and self.ruff is not None and name in self.ruff.values:
            said = [self.ruff]
        if not said and OPTIONS[name].default is None:
            return None
        return tuple(absolute(p, layer.folder) for layer in said for p in layer.values[name])

    def ignores(self) -> list[Ignore]:
        """All entries of `per-file-ignores` and `extend-per-file-ignores`."""
        found = []
        closest = self._says("per-file-ignores")
        for layer in self.layers():
            for key in ("per-file-ignores", "extend-per-file-ignores"):
                if key == "per-file-ignores" and layer is not closest:
                    continue
                for pattern, selectors in layer.values.get(key, {}).items():
                    folder = layer.folder or os.getcwd()
                    found.append(Ignore(folder, pattern, tuple(selectors)))
        return found

    def _says(self, name: str) -> Config | None:
        layer: Config | None = self
        while layer is not None:
            if name in layer.values:
                return layer
            layer = layer.base
        return self.ruff if self.ruff is not None and name in self.ruff.values else None

    def folder_of(self, name: str) -> str | None:
        """The folder that a relative path in a key starts from, None where it is not set."""
        layer = self._says(name)
        return None if layer is None else layer.folder

    def place_of(self, name: str) -> str:
        """`path:row` where what counts for a key is written."""
        return (self._says(name) or self).place(name)

    def place(self, name: str) -> str:
        """`path:row` of a key, for messages."""
        if self.path is None or self.path == ON_THE_COMMAND_LINE:
            return ON_THE_COMMAND_LINE
        try:
            with open(self.path, encoding="utf-8") as stream:
                return f"{self.path}:{_row(stream.read(), name)}"
        except (OSError, ValueError):
            return self.path


NO_CONFIG = Config(None, {})


def absolute(pattern: str, folder: str | None) -> str:
    """A pattern with a slash in it, made to start from the folder of its file."""
    if folder is None or "/" not in pattern or os.path.isabs(pattern):
        return pattern
    escaped = "".join(f"[{c}]" if c in "*?[" else c for c in folder)
    return f"{escaped.rstrip(os.sep)}{os.sep}{pattern}"


def find(start: str) -> Config:
    """The closest configuration file at or above a folder.  Raises ConfigError."""
    for folder in _folders(start):
        config = at(folder)
        if config is not None:
            break
    else:
        config = NO_CONFIG
    if all(any(name in layer.values for layer in config.layers()) for name in FROM_RUFF):
        return config
    ruff = _ruffs(start)
    return config._replace(ruff=ruff) if ruff is not None else config


def at(folder: str) -> Config | None:
    """The configuration file in a folder, None where it has none.  Raises ConfigError."""
    for name in FILE_NAMES:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return load(path)
    path = os.path.join(folder, "pyproject.toml")
    if _mentions(path, TABLE):
        config = load(path)
        if config.path is not None:
            return config
    return None


def _folders(start: str) -> Iterator[str]:
    folder = os.path.abspath(start)
    while True:
        yield folder
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def _mentions(path: str, word: str) -> bool:
    """Whether a file is worth parsing: most of them know nothing of what we look for."""
    return word in _text(path)


def _sets(path: str, keys: tuple[str, ...]) -> bool:
    """Whether a file seems to set one of some keys."""
    written = (line.partition("=")[0].strip() for line in _text(path).splitlines() if "=" in line)
    return any(key.rpartition(".")[2] in keys for key in written)


def _ruffs(start: str) -> Config | None:
    """What the closest configuration of ruff says of files.  A mistake in it is ruff's affair."""
    for folder in _folders(start):
        for name in (*RUFF_FILE_NAMES, "pyproject.toml"):
            path = os.path.join(folder, name)
            shared = name == "pyproject.toml"
            if not os.path.isfile(path) or (shared and not _mentions(path, "tool.ruff")):
                continue
            if not _sets(path, FROM_RUFF):
                return None
            try:
                data: Any = _toml(path)[0]
            except ConfigError:
                return None
            if shared:
                tool = data.get("tool")
                data = tool.get("ruff") if isinstance(tool, dict) else None
            if isinstance(data, dict):
                kept = {key: data[key] for key in FROM_RUFF if _is_list(data.get(key))}
                return Config(path, kept, folder)
    return None


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _toml(path: str) -> tuple[dict[str, Any], str]:
    import tomllib

    try:
        with open(path, "rb") as stream:
            text = stream.read().decode()
        return tomllib.loads(text), text
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: too deeply nested") from None


def load(path: str, folder: str | None = None, extended_by: tuple[str, ...] = ()) -> Config:
    """A configuration file, checked, with those that it extends.  Relative paths in it start
    from `folder`, its own by default.

    Raises ConfigError for what cannot be read, is not TOML, holds a key or value that is not
    ours, asks for another version of us, or extends itself."""
    data: Any
    data, text = _toml(path)
    if os.path.basename(path) == "pyproject.toml":
        tool = data.get("tool")
        data = tool.get(TABLE) if isinstance(tool, dict) else None
        if data is None:
            return NO_CONFIG
    if not isinstance(data, dict):
        raise ConfigError(f"{path}:{_row(text, TABLE)}: `tool.{TABLE}` must be a table")
    values = _flat(data, lambda key: f"{path}:{_row(text, key)}: ")
    base = None
    if "extend" in values:
        target = os.path.expandvars(os.path.expanduser(values["extend"]))
        target = os.path.normpath(os.path.join(os.path.dirname(path), target))
        story = (*extended_by, path)
        if target in story:
            shown = "` extends `".join((*story, target))
            raise ConfigError(f"Circular configuration detected: `{shown}`")
        try:
            base = load(target, None, story)
        except ConfigError as error:
            raise ConfigError(f"{path}:{_row(text, 'extend')}: {error}") from None
    return Config(path, values, folder or os.path.dirname(path), base)


def inline(text: str) -> Config | None:
    """The setting that `--config 'KEY = VALUE'` gives; None where the text is not of this form.

    Raises ConfigError."""
    import tomllib

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if "=" not in text:
            return None
        raise ConfigError(f"The supplied argument is not valid TOML:\n\n{error}") from None
    try:
        values = _flat(data, lambda key: "")
    except ConfigError as error:
        intro = f"Could not parse the supplied argument as a `{FILE_NAMES[1]}` configuration option"
        raise ConfigError(f"{intro}:\n\n{error}") from None
    return Config(ON_THE_COMMAND_LINE, values, os.getcwd())


def _flat(data: dict[str, Any], place: Any) -> dict[str, Any]:
    """The keys of a table, checked; those in its `lint` win over those beside it, as in ruff."""
    lint = data.get("lint", {})
    if not isinstance(lint, dict):
        raise ConfigError(f"{place('lint')}`lint` must be a table")
    values = {key: value for key, value in data.items() if key != "lint"}
    for key, value in values.items():
        _check(place, key, value, OPTIONS)
    in_lint = {name: option for name, option in OPTIONS.items() if option.lint}
    for key, value in lint.items():
        _check(place, key, value, in_lint, "lint.")
        values[key] = value
    return values


def _check(
    place: Any, key: str, value: Any, options: Mapping[str, Option], prefix: str = ""
) -> None:
    option = options.get(key)
    shown = f"{prefix}{key}"
    if option is None:
        from .celery.words import nearest

        near = nearest(key, list(options))
        hint = f", did you mean `{prefix}{near}`?" if near else ""
        hint = hint or f", expected one of: {', '.join(options)}"
        raise ConfigError(f"{place(key)}unknown key `{shown}`{hint}")
    if option.kind == "flag" and not isinstance(value, bool):
        raise ConfigError(f"{place(key)}`{shown}` must be true or false")
    if option.kind == "text" and not isinstance(value, str):
        raise ConfigError(f"{place(key)}`{shown}` must be a string")
    if option.kind == "number" and (type(value) is not int or value < 1):
        raise ConfigError(f"{place(key)}`{shown}` must be a whole number from 1")
    if option.kind == "list" and not _is_list(value):
        raise ConfigError(f"{place(key)}`{shown}` must be a list of strings")
    if option.kind == "table" and not (
        isinstance(value, dict) and all(_is_list(item) for item in value.values())
    ):
        raise ConfigError(f"{place(key)}`{shown}` must be a table of lists of strings")
    try:
        if key == "target-celery":
            parse_span(value)
        elif key == "required-version" and not fits(__version__, value):
            raise ValueError(
                f"Required version `{value}` does not match the running version `{__version__}`"
            )
    except ValueError as error:
        raise ConfigError(f"{place(key)}{error}") from None


def fits(version: str, specifiers: str) -> bool:
    """Whether a version is among those that specifiers allow: `0.1.0`, `>=0.1,<2`.

    Raises ValueError for what is none."""
    operators = ("==", "!=", "<=", ">=", "~=", "<", ">", "")
    known = _numbers(version)
    for specifier in map(str.strip, specifiers.split(",")):
        operator = next(one for one in operators if specifier.startswith(one))
        wanted = _numbers(specifier[len(operator) :].strip())
        length = max(len(known), len(wanted))
        a, b = (n + (0,) * (length - len(n)) for n in (known, wanted))
        series = known[: len(wanted) - 1] == wanted[:-1]
        well = {
            "==": a == b,
            "": a == b,
            "!=": a != b,
            "<=": a <= b,
            ">=": a >= b,
            "<": a < b,
            ">": a > b,
            "~=": a >= b and series,
        }
        if not well[operator]:
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".")
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f"`{version}` is not a version such as `0.1.0`")
    return tuple(map(int, parts))


def _row(text: str, key: str) -> int:
    """The row on which a key of our table is written, for messages; 1 where that is not found."""
    lines = text.splitlines()
    headers = (row for row, line in enumerate(lines) if line.strip().startswith(f"[tool.{TABLE}"))
    for row in range(next(headers, 0), len(lines)):
        line = lines[row].strip()
        parts = [part.strip(" \t\"'") for part in line.partition("=")[0].strip("[] \t").split(".")]
        if key in ((parts[-1],) if line.startswith("[") else (parts[0], parts[-1])):
            return row + 1
    return 1


def given_to_flake8(name: str, value: Any) -> Any:
    """What flake8 was given for an option, as a configuration file would say it; None for
    nothing.  Raises ConfigError."""
    if not value or OPTIONS[name].kind != "number":
        return value or None
    number = int(value) if str(value).isascii() and str(value).isdigit() else 0
    _check(lambda key: "", name, number, OPTIONS)
    return number


def celery_span(value: str | None) -> Span | None:
    """The Celery releases that an option names; None for none.  Raises ConfigError."""
    if not value:
        return None
    try:
        return parse_span(value)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def schema() -> dict[str, Any]:
    """The JSON schema of a configuration file (draft 2020-12)."""
    texts = {"type": "array", "items": {"type": "string"}}
    kinds: dict[str, dict[str, Any]] = {
        "text": {"type": "string"},
        "list": texts,
        "flag": {"type": "boolean"},
        "number": {"type": "integer", "minimum": 1},
        "table": {"type": "object", "additionalProperties": texts},
    }

    def property_of(option: Option) -> dict[str, Any]:
        known = {} if option.default is None else {"default": option.default}
        return {"description": option.help, **kinds[option.kind], **known}

    properties = {name: property_of(option) for name, option in OPTIONS.items()}
    in_lint = {name: properties[name] for name, option in OPTIONS.items() if option.lint}
    properties["lint"] = {
        "description": "what ruff has in its `lint` table; it wins over the same key outside",
        "type": "object",
        "additionalProperties": False,
        "properties": in_lint,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "flake8-celery",
        "description": "flake8-celery.toml, .flake8-celery.toml, [tool.flake8-celery]",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }
