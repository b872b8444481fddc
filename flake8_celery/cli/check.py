"""`flake8-celery check [PATHS]`: lints files and folders."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from .. import config, output, run, selection
from ..diagnostic import Diagnostic, Texts, diagnostics
from ..files import DEFAULT_EXCLUDES, Overlay, find_root, read
from ..rule import Rule, load_rules
from . import UsageError


def add(subcommands: Any) -> None:
    """Declares the subcommand and its flags."""
    parser = subcommands.add_parser("check", help="lint files and folders")
    parser.set_defaults(run=check)
    parser.add_argument("files", nargs="*", metavar="FILES", help="files or folders [default: .]")
    parser.add_argument("--output-format", choices=output.FORMATS, help="how findings are shown")
    parser.add_argument("--config", metavar="PATH", help="a configuration file to use")
    parser.add_argument("--isolated", action="store_true", help="ignore configuration files")
    parser.add_argument("--preview", action="store_true", default=None, help="also preview rules")
    parser.add_argument("--no-preview", dest="preview", action="store_false")
    parser.add_argument("--ignore-noqa", action="store_true", help="ignore suppression comments")
    parser.add_argument("--disable-noqa", dest="ignore_noqa", action="store_true")
    parser.add_argument("--unsafe-fixes", action="store_true", help="count unsafe fixes, too")
    parser.add_argument("--no-unsafe-fixes", dest="unsafe_fixes", action="store_false")
    parser.add_argument("--no-fix", action="store_true", help="accepted; files are never changed")
    chosen = parser.add_argument_group("rule selection")
    for name in ("select", "ignore", "extend-select", "extend-ignore"):
        chosen.add_argument(
            f"--{name}", metavar="RULE", action="append", help="codes, prefixes or names; or ALL"
        )
    which = parser.add_argument_group("file selection")
    which.add_argument("--exclude", action="append", metavar="PATTERN")
    which.add_argument("--extend-exclude", action="append", metavar="PATTERN")
    which.add_argument("--respect-gitignore", action="store_true", default=None)
    which.add_argument("--no-respect-gitignore", dest="respect_gitignore", action="store_false")
    which.add_argument("--force-exclude", action="store_true", help="also for files named here")
    which.add_argument("--no-force-exclude", dest="force_exclude", action="store_false")
    other = parser.add_argument_group("miscellaneous")
    other.add_argument("-n", "--no-cache", action="store_true", help="neither read nor write facts")
    other.add_argument("--cache-dir", metavar="DIR", help="where facts are kept between runs")
    other.add_argument("--stdin-filename", metavar="PATH", help="the file that stdin stands for")
    other.add_argument("-e", "--exit-zero", action="store_true", help="exit 0 despite findings")
    other.add_argument("--statistics", action="store_true", help="count findings by rule")
    other.add_argument("-q", "--quiet", action="store_true", help="findings, and nothing else")
    other.add_argument("-s", "--silent", action="store_true", help="no output but the exit code")


class Group(NamedTuple):
    """The arguments that belong to one project."""

    root: str
    settings: config.Config
    paths: list[str]


def check(arguments: argparse.Namespace) -> int:
    """Lints; returns the exit code."""
    # Facts are many small objects that live to the end: collecting them only costs time.
    gc.disable()
    rules = load_rules()
    overlay, paths = _inputs(arguments)
    shown: list[Diagnostic] = []
    warnings: list[str] = []
    found_files = False
    formats: list[str] = []
    texts = Texts(lambda path: read(path, overlay))
    for group in _groups(paths, arguments):
        chosen = _selected(rules, group.settings, arguments)
        request = _request(group, arguments, overlay)
        analysis = run.analyse(request, chosen)
        shown += diagnostics(analysis, rules, texts)
        warnings += analysis.warnings
        found_files = found_files or analysis.files > 0
        formats.append(group.settings.get("output-format"))
    shown += [_missing(path) for path in paths if not _exists(path, overlay)]
    shown.sort(key=Diagnostic.order)
    if not arguments.silent:
        for warning in dict.fromkeys(warnings):
            print(f"warning: {warning}", file=sys.stderr)
        if not found_files and not shown:
            print("warning: No Python files found under the given path(s)", file=sys.stderr)
        name = arguments.output_format or os.environ.get("FLAKE8_CELERY_OUTPUT_FORMAT")
        name = name or (formats[0] if formats else "full")
        if name not in output.FORMATS:
            raise UsageError(f"unknown output format `{name}`")
        _print(shown, texts, name, arguments)
    return 1 if shown and not arguments.exit_zero else 0


def _inputs(arguments: argparse.Namespace) -> tuple[Overlay | None, list[str]]:
    """The texts that win over the disk, and the absolute paths to lint."""
    if arguments.stdin_filename is None and arguments.files != ["-"]:
        return None, [os.path.abspath(path) for path in arguments.files or ["."]]
    overlay = Overlay()
    path = os.path.abspath(arguments.stdin_filename or "-")
    overlay.put(path, sys.stdin.buffer.read())
    return overlay, [path]


def _exists(path: str, overlay: Overlay | None) -> bool:
    return os.path.exists(path) or (overlay is not None and overlay.get(path) is not None)


def _missing(path: str) -> Diagnostic:
    message = "No such file or directory (os error 2)"
    return Diagnostic(path, (1, 1, 1, 1), "E902", "io-error", message, 1, None, (), None)


def _groups(paths: list[str], arguments: argparse.Namespace) -> list[Group]:
    """The arguments by the project that they belong to."""
    groups: dict[str, Group] = {}
    for path in paths:
        root = find_root(path)
        if root not in groups:
            groups[root] = Group(root, _config(root, arguments), [])
        groups[root].paths.append(path)
    return list(groups.values())


def _config(root: str, arguments: argparse.Namespace) -> config.Config:
    try:
        if arguments.config:
            return config.load(os.path.abspath(arguments.config))
        return config.NO_CONFIG if arguments.isolated else config.find(root)
    except config.ConfigError as error:
        raise UsageError(str(error)) from None


def _words(given: list[str] | None) -> list[str] | None:
    """The values of a flag that takes several, separated by commas, and may be repeated."""
    if given is None:
        return None
    return [word.strip() for text in given for word in text.split(",") if word.strip()]


def _selected(
    rules: dict[str, Rule], settings: config.Config, arguments: argparse.Namespace
) -> list[Rule]:
    layers = [
        (
            settings.path,
            selection.Layer(
                settings.get("select"), settings.get("extend-select"), settings.get("ignore")
            ),
        ),
        (
            "the CLI",
            selection.Layer(
                _words(arguments.select),
                _words(arguments.extend_select) or [],
                [*(_words(arguments.ignore) or []), *(_words(arguments.extend_ignore) or [])],
            ),
        ),
    ]
    for source, layer in layers:
        for field, selectors in zip(layer._fields, layer, strict=True):
            for selector in selectors or ():
                try:
                    selection.rules_of(selector, rules)
                except selection.SelectorError as error:
                    name = field.replace("_", "-")
                    raise UsageError(f"{error} in `{name}` from {source}") from None
    preview = settings.get("preview") if arguments.preview is None else arguments.preview
    return selection.select(rules, [layer for _, layer in layers], preview)


def _request(group: Group, arguments: argparse.Namespace, overlay: Overlay | None) -> run.Request:
    settings = group.settings
    exclude = _words(arguments.exclude) or settings.get("exclude") or DEFAULT_EXCLUDES
    extend_exclude = _words(arguments.extend_exclude) or settings.get("extend-exclude")
    gitignore = arguments.respect_gitignore
    no_cache = arguments.no_cache or os.environ.get("FLAKE8_CELERY_NO_CACHE")
    cache = (
        arguments.cache_dir
        or os.environ.get("FLAKE8_CELERY_CACHE_DIR")
        or os.path.join(group.root, settings.get("cache-dir"))
    )
    files = [path for path in group.paths if not os.path.isdir(path) and _exists(path, overlay)]
    return run.Request(
        group.root,
        wanted=_wanted(group),
        overlay=overlay,
        exclude=tuple(exclude),
        extend_exclude=tuple(extend_exclude),
        respect_gitignore=settings.get("respect-gitignore") if gitignore is None else gitignore,
        extra_files=() if arguments.force_exclude else tuple(files),
        cache_dir=None if no_cache else cache,
        celery=config.celery_span(settings.get("target-celery")),
        options={name: settings.get(name) for name in ("task-decorators", "extra-settings")},
        processes=os.cpu_count() or 1,
        ignore_suppressions=arguments.ignore_noqa,
    )


def _wanted(group: Group) -> Callable[[str], bool] | None:
    """Which files of the project findings are asked for; None: all of them."""
    relative = [run.relative(path, group.root) for path in group.paths]
    if any(path in (".", "") for path in relative):
        return None
    exact = frozenset(relative)
    folders = tuple(path.rstrip("/") + "/" for path in relative)
    return lambda path: path in exact or path.startswith(folders)


def _print(shown: list[Diagnostic], texts: Texts, name: str, arguments: argparse.Namespace) -> None:
    if arguments.statistics:
        sys.stdout.write(_statistics(shown, name, arguments.unsafe_fixes))
    else:
        sys.stdout.write(output.render(name, shown, texts, arguments.unsafe_fixes))
    if name in output.WITH_SUMMARY and not arguments.quiet:
        sys.stdout.write(summary(shown, arguments.unsafe_fixes))


def summary(shown: list[Diagnostic], unsafe: bool) -> str:
    """ruff's last lines: how many there are, and how many of them have a fix."""
    if not shown:
        return "All checks passed!\n"
    return f"Found {len(shown)} error{'' if len(shown) == 1 else 's'}.\n"


def _statistics(shown: list[Diagnostic], name: str, unsafe: bool) -> str:
    counted: dict[tuple[str, str], list[Diagnostic]] = {}
    for diagnostic in shown:
        counted.setdefault((diagnostic.code, diagnostic.name), []).append(diagnostic)
    rows = sorted(counted.items(), key=lambda item: (-len(item[1]), item[0]))
    if name == "json":
        import json

        return json.dumps(
            [
                {
                    "code": None if code == "invalid-syntax" else code,
                    "name": rule,
                    "count": len(found),
                    "fixable": all(d.is_fixable(unsafe) for d in found),
                    "fixable_count": sum(d.is_fixable(unsafe) for d in found),
                }
                for (code, rule), found in rows
            ],
            indent=2,
        )
    if name not in output.WITH_SUMMARY:
        raise UsageError(f"Unsupported serialization format for statistics: {name.capitalize()}")
    digits = max((len(str(len(found))) for _, found in rows), default=1)
    width = max((len(code) for (code, _), _ in rows if code != "invalid-syntax"), default=0)
    lines = []
    for (code, rule), found in rows:
        shown_code = "" if code == "invalid-syntax" else code
        star = "[*]" if all(d.is_fixable(unsafe) for d in found) else "[ ]"
        lines.append(f"{len(found):>{digits}}\t{shown_code:<{width}}\t{star} {rule}\n")
    return "".join(lines)
