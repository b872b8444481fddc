"""The end of a run of `check` that fixes: writes files or shows a diff."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterator

from .. import fix
from ..diagnostic import Texts, shown_path
from ..fix import Fixed
from .check import Checked, errors, from_stdin, list_of_fixes, print_all


def finish(checked: Checked, texts: Texts, arguments: argparse.Namespace) -> int:
    """Shows or writes the fixes that were made; returns the exit code."""
    done = sum(sum(c.total() for c in fixed.counts.values()) for fixed in checked.fixed)
    stdin = from_stdin(arguments)
    out = sys.stderr if stdin else sys.stdout
    if arguments.diff:
        if not arguments.silent:
            for fixed in checked.fixed:
                sys.stdout.writelines(diff(fixed))
            if not arguments.quiet:
                out.write(_story(done, "would be fixed", checked, arguments))
        return 1 if done and not arguments.exit_zero else 0
    if stdin:
        path = checked.paths[0]
        source = texts.source(path)
        known = [fixed.before[path] for fixed in checked.fixed if path in fixed.before]
        _write_to_stdout(source.text, (known or [source])[0].encoding)
    elif not _write(checked.fixed):
        return 2
    if not arguments.silent:
        if not arguments.fix_only:
            print_all(checked, texts, arguments, out)
        else:
            if arguments.show_fixes:
                out.write(list_of_fixes(checked))
            if not arguments.quiet:
                out.write(_story(done, "fixed", checked, arguments))
    if done and arguments.exit_non_zero_on_fix:
        return 1
    return 1 if checked.shown and not arguments.exit_zero and not arguments.fix_only else 0


def _write_to_stdout(text: str, encoding: str) -> None:
    """Writes the bytes that a file with this text would have, line ends included."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode(encoding))
    sys.stdout.buffer.flush()


def _story(done: int, what: str, checked: Checked, arguments: argparse.Namespace) -> str:
    """ruff's last line where only fixes are shown; empty where there is nothing to say."""
    hidden = sum(d.is_fixable(True) for d in checked.shown)
    if arguments.unsafe_fixes is not None:
        hidden = 0
    fixes = f"{hidden}{' additional' if done else ''} fix{'' if hidden == 1 else 'es'} available"
    more = f" ({fixes} with `--unsafe-fixes`)" if hidden else ""
    if done:
        verb = "Fixed" if what == "fixed" else "Would fix"
        return f"{verb} {errors(done)}{more}.\n"
    return f"No errors {what}{more}.\n" if hidden else ""


def diff(fixed: Fixed) -> Iterator[str]:
    """The fixes as unified diffs, one a file."""
    for path in sorted(fixed.after):
        name = shown_path(path)
        old = fixed.before[path].text.splitlines(keepends=True)
        new = fixed.after[path].splitlines(keepends=True)
        lines = list(difflib.unified_diff(old, new, name, name))
        # A text without a name has no header.
        yield from lines[2:] if name == "-" else lines
        yield "\n"


def _write(fixed: list[Fixed]) -> bool:
    """Writes every changed file; a file that cannot be written is reported, the others are."""
    well = True
    for made in fixed:
        for path, text in made.after.items():
            try:
                fix.write(path, text, made.before[path].encoding)
            except (OSError, UnicodeError) as error:
                print(f"error: cannot write {shown_path(path)}: {error}", file=sys.stderr)
                well = False
    return well
