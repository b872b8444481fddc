"""`flake8-celery config [KEY]`: the keys of the configuration and what they mean."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from ..config import OPTIONS, TYPES, Option


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the subcommand and its flags."""
    parser.set_defaults(run=describe)
    parser.add_argument("option", nargs="?", metavar="OPTION", help="a key of the configuration")
    parser.add_argument("--output-format", choices=("text", "json"), default="text")


def describe(arguments: argparse.Namespace) -> int:
    """Prints one option, or the names of all; returns the exit code."""
    as_json = arguments.output_format == "json"
    name = arguments.option
    if name == "lint":
        return _print_all([f"lint.{n}" for n, o in OPTIONS.items() if o.lint], as_json)
    if name is None:
        return _print_all(list(OPTIONS), as_json)
    known = _option(name)
    if known is None:
        print(
            f"error: invalid value '{name}' for '[OPTION]'\n\nFor more information, try '--help'.",
            file=sys.stderr,
        )
        return 2
    if as_json:
        _print_json(record(known))
    else:
        print(text(known))
    return 0


def _option(name: str) -> Option | None:
    option = OPTIONS.get(name.removeprefix("lint."))
    return option if option and (option.lint or not name.startswith("lint.")) else None


def _print_all(names: list[str], as_json: bool) -> int:
    if as_json:
        _print_json({name: record(OPTIONS[name.removeprefix("lint.")]) for name in names})
    else:
        print("\n".join(names))
    return 0


def _print_json(value: Any) -> None:
    import json

    print(json.dumps(value, indent=2))


def toml(value: Any) -> str:
    """A default as TOML writes it; the same words as JSON's."""
    import json

    return "(not set)" if value is None else json.dumps(value)


def record(option: Option) -> dict[str, Any]:
    """An option with the keys that ruff gives it."""
    return {
        "doc": sentence(option),
        "default": toml(option.default),
        "value_type": TYPES[option.kind],
        "scope": None,
        "example": f"{option.name} = {option.example}",
        "deprecated": None,
    }


def sentence(option: Option) -> str:
    """What an option is for, as a sentence."""
    return f"{option.help[0].upper()}{option.help[1:]}."


def text(option: Option) -> str:
    """An option as `config` prints it."""
    return "\n".join(
        [
            sentence(option),
            "",
            f"Default value: {toml(option.default)}",
            f"Type: {TYPES[option.kind]}",
            f"Example usage:\n```toml\n{option.name} = {option.example}\n```",
        ]
    )
