"""`flake8-celery check [PATHS]`: lints files and folders."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from .. import config, output, run, selection
from ..diagnostic import Diagnostic, Texts, diagnostics, shown_path
from ..files import DEFAULT_EXCLUDES, Overlay, find_root, is_excluded, read
from ..output.color import BOLD, COUNTED, PLAIN, SEPARATOR, WELL, Style, style_for
from ..rule import Rule, load_rules
from . import UsageError

if TYPE_CHECKING:
    from ..fix import Fixed


def add(subcommands: Any) -> None:
    """Declares the subcommand and its flags."""
    parser = subcommands.add_parser("check", help="lint files and folders")
    parser.set_defaults(run=check)
    parser.add_argument("files", nargs="*", metavar="FILES", help="files or folders [default: .]")
    parser.add_argument("--output-format", choices=output.FORMATS, help="how findings are shown")
    parser.add_argument("-o", "--output-file", metavar="PATH", help="a file to write them to")
    parser.add_argument("--color", choices=("auto", "always", "never"), help="colours and links")
    parser.add_argument("--config", metavar="PATH", help="a configuration file to use")
    parser.add_argument("--isolated", action="store_true", help="ignore configuration files")
    parser.add_argument("--preview", action="store_true", default=None, help="also preview rules")
    parser.add_argument("--no-preview", dest="preview", action="store_false")
    parser.add_argument("--ignore-noqa", action="store_true", help="ignore suppression comments")
    parser.add_argument("--disable-noqa", dest="ignore_noqa", action="store_true")
    for name, what in (
        ("fix", "make the safe fixes, and show what is left"),
        ("unsafe-fixes", "count and make unsafe fixes, too"),
        ("show-fixes", "list the fixes that were made"),
        ("diff", "show the fixes as a diff; change nothing"),
        ("fix-only", "make the fixes, and show nothing else"),
    ):
        parser.add_argument(f"--{name}", action="store_true", help=what)
        parser.add_argument(f"--no-{name}", dest=name.replace("-", "_"), action="store_false")
    # Not said at all: unsafe fixes are not made, but how many there are is told.
    parser.set_defaults(unsafe_fixes=None)
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
    other.add_argument(
        "--exit-non-zero-on-fix", action="store_true", help="exit 1 if anything was fixed"
    )
    other.add_argument("--statistics", action="store_true", help="count findings by rule")
    # ruff's, which editors and shared scripts pass: nothing here depends on them.
    other.add_argument("-v", "--verbose", action="store_true", help=argparse.SUPPRESS)
    for name in ("line-length", "dummy-variable-rgx", "target-version"):
        other.add_argument(f"--{name}", help=argparse.SUPPRESS)
    other.add_argument("-q", "--quiet", action="store_true", help="findings, and nothing else")
    other.add_argument("-s", "--silent", action="store_true", help="no output but the exit code")


class Group(NamedTuple):
    """The arguments that belong to one project."""

    root: str
    settings: config.Config
    paths: list[str]


class Checked(NamedTuple):
    """What all projects of one call came to; `paths` are its arguments, made absolute."""

    paths: list[str]
    shown: list[Diagnostic]
    fixed: list[Fixed]
    warnings: list[str]
    files: int
    format: str


def check(arguments: argparse.Namespace) -> int:
    """Lints; returns the exit code."""
    # Facts are many small objects that live to the end: collecting them only costs time.
    gc.disable()
    if arguments.diff and arguments.show_fixes:
        raise UsageError("the argument `--diff` cannot be used with `--show-fixes`")
    overlay, paths = _inputs(arguments)
    texts = Texts(lambda path: read(path, overlay))
    checked = _check_all(arguments, overlay, paths, texts)
    if not arguments.silent:
        for warning in dict.fromkeys(checked.warnings):
            print(f"warning: {warning}", file=sys.stderr)
        if not checked.files and not checked.shown:
            print("warning: No Python files found under the given path(s)", file=sys.stderr)
    if not _fixes(arguments):
        if not arguments.silent:
            _print(checked, texts, arguments, sys.stdout)
        return 1 if checked.shown and not arguments.exit_zero else 0
    from . import fixing

    return fixing.finish(checked, texts, arguments)


def _fixes(arguments: argparse.Namespace) -> bool:
    return bool(arguments.fix or arguments.fix_only or arguments.diff)


def _check_all(
    arguments: argparse.Namespace, overlay: Overlay | None, paths: list[str], texts: Texts
) -> Checked:
    rules = load_rules()
    shown: list[Diagnostic] = []
    fixed: list[Fixed] = []
    warnings: list[str] = []
    files = 0
    from_environment = os.environ.get("FLAKE8_CELERY_OUTPUT_FORMAT")
    if from_environment and from_environment not in output.FORMATS:
        raise UsageError(f"FLAKE8_CELERY_OUTPUT_FORMAT: unknown output format `{from_environment}`")
    formats = [arguments.output_format or from_environment]
    for group in _groups(paths, arguments):
        chosen = _selected(rules, group.settings, arguments)
        request = _request(group, arguments, overlay)
        if _fixes(arguments):
            from ..fix import fix_all

            made = fix_all(
                partial(_analyse, request, chosen), overlay, rules, bool(arguments.unsafe_fixes)
            )
            analysis = made.analysis
            fixed.append(made)
            warnings += made.warnings
        else:
            analysis = run.analyse(request, chosen)
        warnings += analysis.warnings
        files += analysis.files
        formats.append(_format(group.settings))
        for made in fixed[-1:]:
            texts.replace(made.after)
        shown += diagnostics(analysis, rules, texts)
    shown += [_missing(path) for path in paths if not _exists(path, overlay)]
    shown.sort(key=Diagnostic.order)
    name = next((name for name in formats if name), "full")
    return Checked(paths, shown, fixed, warnings, files, name)


def _format(settings: config.Config) -> str:
    name: str = settings.get("output-format")
    if name not in output.FORMATS:
        place = settings.place("output-format")
        known = ", ".join(output.FORMATS)
        raise UsageError(f"{place}: unknown output format `{name}`, expected one of: {known}")
    return name


def _analyse(request: run.Request, chosen: list[Rule], overlay: Overlay) -> run.Analysis:
    return run.analyse(request._replace(overlay=overlay), chosen)


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
    return Diagnostic(path, (1, 1, 1, 1), "E902", "io-error", message, None, None, (), None)


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
    return [word.strip() for text in given for word in text.split(",")]


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
                    place = settings.place(name) if source == settings.path else source
                    message = f"{error} in `{name}` from {place}{error.hint}"
                    raise UsageError(message) from None
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
    named = [path for path in group.paths if path != group.root and _exists(path, overlay)]
    if arguments.force_exclude:
        excludes = (*exclude, *extend_exclude)
        named = [path for path in named if not is_excluded(path, group.root, excludes)]
    return run.Request(
        group.root,
        wanted=_wanted(group),
        overlay=overlay,
        exclude=tuple(exclude),
        extend_exclude=tuple(extend_exclude),
        respect_gitignore=settings.get("respect-gitignore") if gitignore is None else gitignore,
        extra_paths=tuple(named),
        parse_extra=True,
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


def _print(checked: Checked, texts: Texts, arguments: argparse.Namespace, stream: TextIO) -> None:
    path = arguments.output_file or os.environ.get("FLAKE8_CELERY_OUTPUT_FILE")
    style = PLAIN if path else style_for(arguments.color, stream.isatty())
    unsafe = bool(arguments.unsafe_fixes)
    if arguments.statistics:
        text = _statistics(checked.shown, checked.format, unsafe, style)
    else:
        text = output.render(checked.format, checked.shown, texts, unsafe, style)
    if arguments.show_fixes:
        text += list_of_fixes(checked, style)
    if checked.format in output.WITH_SUMMARY and not arguments.quiet:
        text += summary(checked, arguments.unsafe_fixes, style)
    if path:
        _save(path, text)
    else:
        # A name of a file may hold what no encoding has.
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "replace").decode(encoding))


def _save(path: str, text: str) -> None:
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        with open(path, "w", encoding="utf-8", errors="replace", newline="") as stream:
            stream.write(text)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None


def errors(count: int) -> str:
    """`1 error`, `2 errors`."""
    return f"{count} error{'' if count == 1 else 's'}"


def summary(checked: Checked, unsafe: bool | None, style: Style = PLAIN) -> str:
    """ruff's last lines: how many there are, and how many of them have a fix.

    `unsafe` is False where the user wants to hear nothing of unsafe fixes."""
    shown = checked.shown
    done = sum(sum(c.total() for c in fixed.counts.values()) for fixed in checked.fixed)
    if done:
        total = errors(len(shown) + done)
        first = f"Found {total} ({done} fixed, {len(shown)} remaining).\n"
    elif shown:
        first = f"Found {errors(len(shown))}.\n"
    else:
        return style.paint(WELL, "All checks passed!") + "\n"
    fixable = sum(d.is_fixable(bool(unsafe)) for d in shown)
    hidden = 0 if unsafe is False else sum(d.is_fixable(True) for d in shown) - fixable
    star = f"[{style.paint(SEPARATOR, '*')}]"
    unsafe_fixes = f"{hidden} unsafe fix{'' if hidden == 1 else 'es'} available with"
    if fixable and hidden:
        return (
            f"{first}{star} {fixable} fixable with `--fix` "
            f"({unsafe_fixes} `--fix --unsafe-fixes`).\n"
        )
    if fixable:
        return f"{first}{star} {fixable} fixable with `--fix`.\n"
    if hidden:
        return f"{first}{unsafe_fixes} `--fix --unsafe-fixes`.\n"
    return first


def list_of_fixes(checked: Checked, style: Style = PLAIN) -> str:
    """What `--show-fixes` shows: the fixes of each file, by rule."""
    done = sum(sum(c.total() for c in fixed.counts.values()) for fixed in checked.fixed)
    if not done:
        return ""
    lines = ["\n" + style.paint(WELL, f"Fixed {errors(done)}:")]
    for fixed in checked.fixed:
        for path, counts in sorted(fixed.counts.items()):
            dash, colon = style.paint(SEPARATOR, "-"), style.paint(SEPARATOR, ":")
            lines.append(f"{dash} {style.paint(BOLD, shown_path(path))}{colon}")
            lines += [
                f"    {count} × {style.paint(COUNTED, code)} ({name})"
                for (code, name), count in sorted(counts.items(), key=lambda i: (-i[1], i[0]))
            ]
    return "\n".join(lines) + "\n\n"


def _statistics(shown: list[Diagnostic], name: str, unsafe: bool, style: Style) -> str:
    counted: dict[tuple[str, str], list[Diagnostic]] = {}
    for diagnostic in shown:
        counted.setdefault((diagnostic.code, diagnostic.name), []).append(diagnostic)
    rows = sorted(counted.items(), key=lambda item: (-len(item[1]), item[0]))
    if name == "json":
        import json

        statistics = [
            {
                "code": None if code == "invalid-syntax" else code,
                "name": rule,
                "count": len(found),
                "fixable": all(d.is_fixable(unsafe) for d in found),
                "fixable_count": sum(d.is_fixable(unsafe) for d in found),
            }
            for (code, rule), found in rows
        ]
        return json.dumps(statistics, indent=2) + "\n"
    if name not in ("full", "concise"):
        shown_name = "".join(word.capitalize() for word in name.split("-"))
        raise UsageError(f"Unsupported serialization format for statistics: {shown_name}")
    digits = max((len(str(len(found))) for _, found in rows), default=1)
    width = max((len(code) for (code, _), _ in rows if code != "invalid-syntax"), default=0)
    any_fixable = any(d.is_fixable(unsafe) for d in shown)
    lines = []
    for (code, rule), found in rows:
        shown_code = "" if code == "invalid-syntax" else code
        fixable = sum(d.is_fixable(unsafe) for d in found)
        sign = "*" if fixable == len(found) else "-" if fixable else ""
        box = f"[{style.paint(SEPARATOR, sign) if sign else ' '}] " if any_fixable else ""
        count = style.paint(BOLD, f"{len(found):>{digits}}")
        coloured = style.link(found[0].url, style.paint(COUNTED, shown_code))
        padding = " " * (width - len(shown_code))
        lines.append(f"{count}\t{coloured}{padding}\t{box}{rule}\n")
    return "".join(lines)
