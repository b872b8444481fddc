"""`flake8-celery check [PATHS]`: lints files and folders."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TextIO

from .. import output, run
from ..config import Config, ConfigError
from ..diagnostic import Diagnostic, Texts, diagnostics, shown_path
from ..files import Overlay, find_root, is_excluded, read
from ..output.color import BOLD, COUNTED, PLAIN, SEPARATOR, WELL, Style, style_for
from ..rule import Rule, load_rules
from ..selection import FileRules, Policy, SelectorError
from . import Parser, UsageError
from .flags import Configs, check_company, declare
from .progress import Bar

if TYPE_CHECKING:
    from ..fix import Fixed


def add(parser: Parser) -> None:
    """Declares the subcommand and its flags."""
    parser.usage = "flake8-celery check [OPTIONS] [FILES]..."
    parser.set_defaults(run=check)
    declare(parser)


class Group(NamedTuple):
    """The arguments that belong to one project."""

    root: str
    settings: Config
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
    """Lints, or does what else the flags ask for; returns the exit code."""
    # Facts are many small objects that live to the end: collecting them only costs time.
    gc.disable()
    check_company(arguments)
    configs = Configs(arguments)
    _take_defaults(arguments, configs.of(os.getcwd()))
    if arguments.watch:
        from .watch import watch

        return watch(arguments)
    if arguments.show_files or arguments.show_settings:
        from . import shown

        show = shown.files if arguments.show_files else shown.settings
        return show(arguments, configs)
    if arguments.add_noqa is not None or arguments.add_ignore is not None:
        from .adding import add_suppressions

        return add_suppressions(arguments, configs)
    overlay, paths = _inputs(arguments)
    texts = Texts(lambda path: read(path, overlay))
    checked = check_all(arguments, configs, overlay, paths, texts)
    tell(checked, arguments)
    if not _fixes(arguments):
        if not arguments.silent:
            print_all(checked, texts, arguments, sys.stdout)
        return 1 if checked.shown and not arguments.exit_zero else 0
    from . import fixing

    return fixing.finish(checked, texts, arguments)


def _take_defaults(arguments: argparse.Namespace, settings: Config) -> None:
    """Where flags say nothing about the whole run, the working directory's configuration does."""
    for name in ("fix", "unsafe-fixes", "show-fixes", "fix-only", "force-exclude"):
        setattr(arguments, name.replace("-", "_"), settings.get(name))


def tell(checked: Checked, arguments: argparse.Namespace) -> None:
    """Writes the warnings to standard error."""
    if arguments.silent:
        return
    for warning in dict.fromkeys(checked.warnings):
        # A failure of our own is told to those, too, who want to see findings only.
        if not arguments.quiet or run.FAILURE in warning:
            print(f"warning: {warning}", file=sys.stderr)
    if (
        not arguments.quiet
        and not checked.files
        and not checked.shown
        and not from_stdin(arguments)
    ):
        print("warning: No Python files found under the given path(s)", file=sys.stderr)


def say(arguments: argparse.Namespace, message: str) -> None:
    """Writes a line to standard error if `--verbose` was said."""
    if arguments.verbose:
        stamp = time.strftime("[%Y-%m-%d][%H:%M:%S]")
        print(f"{stamp}[flake8_celery::check][DEBUG] {message}", file=sys.stderr)


def _fixes(arguments: argparse.Namespace) -> bool:
    return bool(arguments.fix or arguments.fix_only or arguments.diff)


def check_all(
    arguments: argparse.Namespace,
    configs: Configs,
    overlay: Overlay | None,
    paths: list[str],
    texts: Texts,
) -> Checked:
    """Lints the files and folders `paths`, and makes fixes in `texts` where they are asked for.

    Raises UsageError for mistakes in the configuration."""
    rules = load_rules()
    shown: list[Diagnostic] = []
    fixed: list[Fixed] = []
    warnings: list[str] = []
    files = 0
    output_format = _format(configs.of(os.getcwd()))
    for group in groups(paths, configs):
        started = time.monotonic()
        policy = policy_of(rules, group, configs)
        request = request_of(group, arguments, overlay)
        if _fixes(arguments):
            from ..fix import fix_all

            made = fix_all(
                partial(analyse, request, policy), overlay, rules, bool(arguments.unsafe_fixes)
            )
            analysis = made.analysis
            fixed.append(made)
            warnings += made.warnings
            texts.replace(made.after)
        else:
            analysis = analyse(request, policy, overlay)
        warnings += analysis.warnings
        files += analysis.files
        shown += diagnostics(analysis, rules, texts)
        took = (time.monotonic() - started) * 1000
        say(arguments, f"Checked {analysis.files} files in: {took:.1f}ms")
    shown += [_missing(path) for path in paths if not _exists(path, overlay)]
    shown.sort(key=Diagnostic.order)
    return Checked(paths, shown, fixed, warnings, files, output_format)


def _format(settings: Config) -> str:
    name: str = settings.get("output-format")
    if name not in output.FORMATS:
        place = settings.place_of("output-format")
        known = ", ".join(output.FORMATS)
        raise UsageError(f"{place}: unknown output format `{name}`, expected one of: {known}")
    return name


def analyse(request: run.Request, policy: Policy, overlay: Overlay | None) -> run.Analysis:
    """`run.analyse` with some texts in place of files.  Raises UsageError."""
    try:
        return run.analyse(request._replace(overlay=overlay), policy)
    except (ConfigError, SelectorError) as error:
        raise UsageError(str(error)) from None
    finally:
        if isinstance(request.progress, Bar):
            request.progress.clear()


def absolute_paths(arguments: argparse.Namespace) -> list[str]:
    """The files and folders of the call."""
    return [os.path.abspath(path) for path in arguments.files or ["."]]


def from_stdin(arguments: argparse.Namespace) -> bool:
    """Whether the text to lint is on standard input."""
    return arguments.stdin_filename is not None or arguments.files == ["-"]


def _inputs(arguments: argparse.Namespace) -> tuple[Overlay | None, list[str]]:
    """The texts that win over the disk, and the absolute paths to lint."""
    if not from_stdin(arguments):
        return None, absolute_paths(arguments)
    for name in arguments.files:
        if name != "-":
            print(f"warning: Ignoring file {name} in favor of standard input.", file=sys.stderr)
    overlay = Overlay()
    path = os.path.abspath(arguments.stdin_filename or "-")
    overlay.put(path, sys.stdin.buffer.read())
    return overlay, [path]


def _exists(path: str, overlay: Overlay | None) -> bool:
    return os.path.exists(path) or (overlay is not None and overlay.get(path) is not None)


def _missing(path: str) -> Diagnostic:
    message = "No such file or directory (os error 2)"
    return Diagnostic(path, (1, 1, 1, 1), "E902", "io-error", message, False, None, (), None)


def groups(paths: list[str], configs: Configs) -> list[Group]:
    """The arguments by the project that they belong to."""
    known: dict[str, Group] = {}
    for path in paths:
        root = find_root(path)
        if root not in known:
            known[root] = Group(root, configs.of(root), [])
        known[root].paths.append(path)
    return list(known.values())


def policy_of(rules: dict[str, Rule], group: Group, configs: Configs) -> Policy:
    """Which rules run in which files of a project.  Raises UsageError."""

    def at(folder: str) -> FileRules | None:
        settings = configs.at(folder)
        return settings and FileRules(settings, rules)

    try:
        return Policy(rules, group.root, FileRules(group.settings, rules), at)
    except SelectorError as error:
        raise UsageError(str(error)) from None


def request_of(group: Group, arguments: argparse.Namespace, overlay: Overlay | None) -> run.Request:
    """What to analyse for the arguments that belong to one project."""
    request = run.request_for(group.root, group.settings)
    named = [path for path in group.paths if path != group.root and _exists(path, overlay)]
    if arguments.force_exclude:
        excludes = (*request.exclude, *request.extend_exclude)
        named = [path for path in named if not is_excluded(path, group.root, excludes)]
    quiet = arguments.quiet or arguments.silent
    if arguments.no_cache or os.environ.get("FLAKE8_CELERY_NO_CACHE"):
        request = request._replace(cache_dir=None)
    return request._replace(
        wanted=_wanted(group),
        overlay=overlay,
        extra_paths=tuple(named),
        parse_extra=True,
        processes=os.cpu_count() or 1,
        ignore_suppressions=bool(arguments.ignore_noqa),
        progress=Bar(sys.stderr) if sys.stderr.isatty() and not quiet else None,
    )


def _wanted(group: Group) -> Callable[[str], bool] | None:
    """Which files of the project findings are asked for; None: all of them."""
    relative = [run.relative(path, group.root) for path in group.paths]
    if any(path in (".", "") for path in relative):
        return None
    exact = frozenset(relative)
    folders = tuple(path.rstrip("/") + "/" for path in relative)
    return lambda path: path in exact or path.startswith(folders)


def print_all(
    checked: Checked, texts: Texts, arguments: argparse.Namespace, stream: TextIO
) -> None:
    """Shows the findings and the summary on a stream, or writes them to `--output-file`."""
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
    rows = sorted(counted.items(), key=lambda item: (-len(item[1]), item[0][1]))
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
