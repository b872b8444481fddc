"""The command line: `flake8-celery check`, `rule`, `linter`, ...

Each subcommand is a module with `add(parser)`, which declares its flags and `run(arguments)`.  Exit
codes are ruff's: 0 nothing found, 1 something found, 2 a mistake in the call or configuration.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from .. import __version__

COMMANDS = {
    "check": "lint files and folders",
    "inspect": "show apps, configuration, tasks, schedule and routes as Celery has them",
    "rule": "explain a rule, or all of them",
    "config": "list or describe the configuration options",
    "linter": "list the supported linters",
    "clean": "remove caches below the current folder",
    "version": "show the version",
}


class UsageError(Exception):
    """A mistake in the call or the configuration: exit code 2.  `of_flag`: a value of a flag is
    none, which is said as of a flag that does not exist."""

    def __init__(self, message: str, of_flag: bool = False) -> None:
        super().__init__(message)
        self.of_flag = of_flag


class Parser(argparse.ArgumentParser):
    """A parser whose errors look like ruff's.

    The flags `may_be_bare` take a value only behind a `=`; theirs is empty else."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{**more, "allow_abbrev": False})
        self.may_be_bare: tuple[str, ...] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        words = [f"{word}=" if word in self.may_be_bare else word for word in args or ()]
        return super().parse_known_args(words, namespace)

    def error(self, message: str) -> NoReturn:
        usage = self.format_usage().strip().replace("usage", "Usage", 1)
        self.exit(2, f"error: {message}\n\n{usage}\n\nFor more information, try '--help'.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = next((word for word in given if word in COMMANDS), None)
    if given[:1] == ["help"]:
        given = [*given[1:], "--help"]
    elif command and given[0][:1] == "-" and given[0] not in ("-V", "--version", "-h", "--help"):
        # Its flags may stand before it.
        at = given.index(command)
        given = [command, *given[:at], *given[at + 1 :]]
    parser = Parser(prog="flake8-celery", description="Finds Celery bugs before a worker does.")
    parser.add_argument("-V", "--version", action="version", version=f"%(prog)s {__version__}")
    subcommands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", parser_class=Parser
    )
    for name, about in COMMANDS.items():
        subparser = subcommands.add_parser(name, help=about)
        # A command's module is read only when it is used.
        if name == command:
            _module(name).add(subparser)
            if name not in ("check", "inspect"):
                _declare_global(subparser)
    parsed = parser.parse_args(given)
    if parsed.command is None:
        parser.print_help(sys.stderr)
        return 2
    if sys.stdout is None:
        # Closed by who has started us.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A file's name or text may hold what the terminal's encoding has not.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code: int = parsed.run(parsed)
        sys.stdout.flush()
        return code
    except UsageError as error:
        if error.of_flag:
            text = f"error: {error}\n\nFor more information, try '--help'."
        else:
            text = f"flake8-celery failed\n  Cause: {error}"
        print(text, file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader has gone, with all that it wanted.
        _write_no_more()
        return 0
    except OSError as error:
        # What is about a file is handled where it is read or written.
        _write_no_more()
        print(f"flake8-celery failed\n  Cause: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _write_no_more() -> None:
    """Sends what is left for standard output nowhere: at exit it would only add a traceback."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _declare_global(parser: Parser) -> None:
    """The flags that every command of ruff takes, and that mean nothing to most of them."""
    levels = parser.add_mutually_exclusive_group()
    for flags in (("-v", "--verbose"), ("-q", "--quiet"), ("-s", "--silent")):
        levels.add_argument(*flags, action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--isolated", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--config", action="append", help=argparse.SUPPRESS)


def _module(name: str | None) -> Any:
    import importlib

    return importlib.import_module(f"{__name__}.{name}")
