"""The flags of `check`: ruff's, with ruff's rules about what may stand beside what.

What a flag says of a setting becomes the last layer of the configuration."""

from __future__ import annotations

import argparse
import os
from typing import Any

from .. import config, output
from . import Parser, UsageError

PYTHONS = tuple(f"py3{minor}" for minor in range(7, 16))
LANGUAGES = ("python", "ipynb", "pyi")
WIDEST_LINE = 65535

ADDING = ("--add-noqa", "--add-ignore")
SHOWING = ("--show-files", "--show-settings")
APART: dict[str, tuple[str, ...]] = {
    "--fix": ADDING,
    "--diff": ("--show-fixes", "--statistics", *ADDING),
    "--watch": ("--statistics", *ADDING, *SHOWING),
    "--ignore-noqa": (*ADDING, *SHOWING),
    "--statistics": (*ADDING, *SHOWING),
    "--add-noqa": ("--add-ignore", *SHOWING, "--stdin-filename"),
    "--add-ignore": (*SHOWING, "--stdin-filename"),
    "--show-files": ("--show-settings", "--stdin-filename"),
    "--show-settings": ("--stdin-filename",),
    "--exit-zero": ("--exit-non-zero-on-fix",),
    "--verbose": ("--quiet", "--silent"),
    "--quiet": ("--silent",),
}
"""Flags that cannot stand together, as ruff 0.17.5 says of each pair of its flags."""


class Once(argparse.Action):
    """A flag that may be given once.  `--fix` and `--no-fix` are two, of which the last counts."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        given = namespace.__dict__.setdefault("given", {})
        name = self.option_strings[-1]
        shown = name if self.metavar is None else f"{name} <{self.metavar}>"
        shown = f"{name}[=<REASON>]" if name in ADDING else shown
        if name in given:
            parser.error(f"the argument '{shown}' cannot be used multiple times")
        given[name] = shown
        setattr(namespace, self.dest, self.const if self.nargs == 0 else values)


def check_company(arguments: argparse.Namespace) -> None:
    """Exits with code 2 where flags stand together that cannot."""
    given: dict[str, str] = getattr(arguments, "given", {})
    for name, others in APART.items():
        for other in others:
            if name in given and other in given:
                first, second = (one for one in given if one in (name, other))
                arguments.parser.error(
                    f"the argument '{given[first]}' cannot be used with '{given[second]}'"
                )


def declare(parser: Parser) -> None:
    """Declares the flags.  What is not said is None."""
    parser.set_defaults(parser=parser)
    parser.may_be_bare = ADDING
    parser.add_argument("files", nargs="*", metavar="FILES", help="files or folders [default: .]")

    def flag(group: Any, *names: str, about: str) -> None:
        group.add_argument(*names, action=Once, nargs=0, const=True, help=about)

    def both(group: Any, name: str, about: str) -> None:
        flag(group, f"--{name}", about=about)
        dest = name.replace("-", "_")
        group.add_argument(
            f"--no-{name}", dest=dest, action=Once, nargs=0, const=False, help=argparse.SUPPRESS
        )

    def value(group: Any, *names: str, metavar: str, about: str, **more: Any) -> None:
        group.add_argument(*names, action=Once, metavar=metavar, help=about, **more)

    def words(group: Any, name: str, metavar: str, about: str) -> None:
        group.add_argument(f"--{name}", action="append", metavar=metavar, help=about)

    both(parser, "fix", "make the safe fixes, and show what is left")
    both(parser, "unsafe-fixes", "count and make unsafe fixes, too")
    both(parser, "show-fixes", "list the fixes that were made")
    flag(parser, "--diff", about="show the fixes as a diff; change nothing")
    flag(parser, "-w", "--watch", about="run again whenever a file changes")
    both(parser, "fix-only", "make the fixes, and show nothing else")
    flag(parser, "--ignore-noqa", about="ignore suppression comments")
    parser.add_argument(
        "--disable-noqa", dest="ignore_noqa", action="store_true", help=argparse.SUPPRESS
    )
    value(
        parser,
        "--output-format",
        metavar="OUTPUT_FORMAT",
        about=f"how findings are shown: {', '.join(output.FORMATS)}",
        choices=output.FORMATS,
    )
    value(parser, "-o", "--output-file", metavar="OUTPUT_FILE", about="a file to write them to")
    value(
        parser,
        "--target-version",
        metavar="TARGET_VERSION",
        about="accepted, and without effect: every Python is read",
        choices=PYTHONS,
    )
    both(parser, "preview", "also preview rules")
    words(parser, "extension", "EXTENSION", "accepted, and without effect")
    flag(parser, "--statistics", about="count findings by rule")
    for name, what in (("noqa", "# noqa: CODES"), ("ignore", "# ruff: ignore[CODES]")):
        parser.add_argument(
            f"--add-{name}",
            action=Once,
            metavar="REASON",
            help=f"silence what is found with `{what}`, and =REASON behind it",
        )
    flag(parser, "--show-files", about="list the files that would be linted")
    flag(parser, "--show-settings", about="show the settings for a file")
    for name in ("--line-length", "--dummy-variable-rgx"):
        kind = {"type": _line_length} if name == "--line-length" else {}
        value(parser, name, metavar=name[2:].upper(), about=argparse.SUPPRESS, **kind)

    chosen = parser.add_argument_group("rule selection")
    words(chosen, "select", "RULE", "rules to run: codes, prefixes or names; or ALL")
    words(chosen, "ignore", "RULE", "rules not to run")
    words(chosen, "extend-select", "RULE", "rules to run besides the selected ones")
    words(chosen, "extend-ignore", "RULE", argparse.SUPPRESS)
    for name in ("per-file-ignores", "extend-per-file-ignores"):
        words(chosen, name, "PATTERN:RULE", "rules not to run in some files")
    words(chosen, "fixable", "RULE", "rules whose fixes may be made")
    words(chosen, "unfixable", "RULE", "rules whose fixes may not be made")
    words(chosen, "extend-fixable", "RULE", "more rules whose fixes may be made")
    words(chosen, "extend-unfixable", "RULE", argparse.SUPPRESS)

    which = parser.add_argument_group("file selection")
    words(which, "exclude", "PATTERN", "files and folders to leave out")
    words(which, "extend-exclude", "PATTERN", "more files and folders to leave out")
    both(which, "respect-gitignore", "leave out what git ignores")
    both(which, "force-exclude", "leave files out even if they are named here")

    other = parser.add_argument_group("miscellaneous")
    flag(other, "-n", "--no-cache", about="neither read nor write facts")
    value(other, "--cache-dir", metavar="CACHE_DIR", about="where facts are kept between runs")
    value(
        other,
        "--stdin-filename",
        metavar="STDIN_FILENAME",
        about="the file that standard input stands for",
    )
    flag(other, "-e", "--exit-zero", about="exit 0 despite findings")
    flag(other, "--exit-non-zero-on-fix", about="exit 1 if anything was fixed")

    levels = parser.add_argument_group("log levels")
    flag(levels, "-v", "--verbose", about="say what is done")
    flag(levels, "-q", "--quiet", about="findings, and nothing else")
    flag(levels, "-s", "--silent", about="no output but the exit code")

    everywhere = parser.add_argument_group("global options")
    everywhere.add_argument(
        "--config",
        action="append",
        metavar="CONFIG_OPTION",
        help="a configuration file, or a setting: KEY = VALUE",
    )
    flag(everywhere, "--isolated", about="ignore configuration files")
    value(
        everywhere,
        "--color",
        metavar="WHEN",
        about="colours and links: auto, always, never",
        choices=("auto", "always", "never"),
    )


def _line_length(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= WIDEST_LINE:
        raise argparse.ArgumentTypeError(
            f"The line width must be a value between 1 and {WIDEST_LINE}."
        )
    return int(text)


LISTS = (
    "select ignore extend-select extend-ignore fixable unfixable extend-fixable extend-unfixable "
    "exclude extend-exclude"
).split()
TABLES = ("per-file-ignores", "extend-per-file-ignores")
SINGLE = (
    "fix unsafe-fixes show-fixes fix-only preview respect-gitignore force-exclude cache-dir "
    "output-format"
).split()


def settings_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the flags, and the environment behind them, say of settings.  Raises UsageError."""
    given = vars(arguments)
    values: dict[str, Any] = {}
    for name in LISTS:
        said = given[name.replace("-", "_")]
        if said is not None:
            values[name] = [word.strip() for text in said for word in text.split(",")]
    for name in TABLES:
        for text in given[name.replace("-", "_")] or ():
            for pair in text.split(","):
                pattern, colon, selector = pair.rpartition(":")
                if not colon:
                    shown = f"'{text}' for '--{name} <{name.upper().replace('-', '_')}>'"
                    raise UsageError(
                        f"invalid value {shown}: Expected <FilePattern>:<RuleCode> pattern",
                        of_flag=True,
                    )
                values.setdefault(name, {}).setdefault(pattern.strip(), []).append(selector.strip())
    environment = {
        "output-format": os.environ.get("FLAKE8_CELERY_OUTPUT_FORMAT"),
        "cache-dir": os.environ.get("FLAKE8_CELERY_CACHE_DIR"),
    }
    for name in SINGLE:
        said = given[name.replace("-", "_")]
        said = environment.get(name) or None if said is None else said
        if said is not None:
            values[name] = said
    return values


class Configs:
    """The configuration of any folder: files, `--config`, the environment and flags."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        """Raises UsageError for a `--config` that is no setting and no file."""
        self._file: config.Config | None = None
        self._isolated = bool(arguments.isolated)
        self._inline: list[config.Config] = []
        self._values = settings_of(arguments)
        self._found: dict[str, config.Config] = {}
        path = ""
        for text in arguments.config or ():
            if os.path.isfile(text):
                if path:
                    tip = f"remove either `--config={path}` or `--config={text}`."
                    raise UsageError(
                        "You cannot specify more than one configuration file on the command "
                        f"line.\n\n  tip: {tip}\n       For more information, try `--help`.\n"
                    )
                path = text
            else:
                self._inline.append(_inline(text))
        if path and self._isolated:
            raise UsageError(
                f"The argument `--config={path}` cannot be used with `--isolated`\n\n"
                "  tip: You cannot specify a configuration file and also specify `--isolated`,\n"
                "       as `--isolated` causes all configuration files to be ignored.\n"
                "       For more information, try `--help`.\n"
            )
        if path:
            try:
                self._file = config.load(os.path.abspath(path), os.getcwd())
            except config.ConfigError as error:
                raise UsageError(str(error)) from None

    @property
    def one_for_all(self) -> bool:
        """Whether the configuration of the folders does not count."""
        return self._isolated or self._file is not None

    def of(self, folder: str) -> config.Config:
        """The configuration for a project's folder.  Raises UsageError."""
        if folder not in self._found:
            try:
                if self._file is not None:
                    known = self._file
                else:
                    known = config.NO_CONFIG if self._isolated else config.find(folder)
            except config.ConfigError as error:
                raise UsageError(str(error)) from None
            self._found[folder] = self._layered(known)
        return self._found[folder]

    def at(self, folder: str) -> config.Config | None:
        """The configuration of the file in a folder itself, None where it has none.

        Raises ConfigError."""
        known = None if self.one_for_all else config.at(folder)
        return known and self._layered(known)

    def _layered(self, known: config.Config) -> config.Config:
        said = config.Config(config.ON_THE_COMMAND_LINE, self._values, os.getcwd())
        layered = known
        for layer in [*self._inline, said]:
            if layer.values:
                layered = layer._replace(base=layered, ruff=known.ruff)
        return layered


def _inline(text: str) -> config.Config:
    where = f"invalid value '{text}' for '--config <CONFIG_OPTION>'"
    tip = (
        "  tip: A `--config` flag must either be a path to a `.toml` configuration file\n"
        "       or a TOML `<KEY> = <VALUE>` pair overriding a specific configuration\n"
        "       option"
    )
    try:
        known = config.inline(text)
        if known is not None:
            return known
        why = (
            "It looks like you were trying to pass a path to a configuration file.\n"
            f"The path `{text}` does not point to a configuration file"
        )
    except config.ConfigError as error:
        why = str(error)
    raise UsageError(f"{where}\n\n{tip}\n\n{why}", of_flag=True)
