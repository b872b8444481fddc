"""The end of a run of `check` that fixes: writes files or shows a diff."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterator

from .. import fix, output
from ..diagnostic import Texts, shown_path
from ..fix import Fixed
from .check import Checked, errors, list_of_fixes, print_all


def finish(checked: Checked, texts: Texts, arguments: argparse.Namespace) -> int:
    """Shows or writes the fixes that were made; returns the exit code."""
    done = sum(sum(c.total() for c in fixed.counts.values()) for fixed in checked.fixed)
    stdin = arguments.stdin_filename is not None or arguments.files == ["-"]
    if arguments.diff:
        if not arguments.silent:
            for fixed in checked.fixed:
                sys.stdout.writelines(diff(fixed))
            if done and not arguments.quiet and checked.format in output.WITH_SUMMARY:
                print(f"Would fix {errors(done)}{_more(checked, arguments)}.", file=sys.stderr)
        return 1 if done and not arguments.exit_zero else 0
    out = sys.stderr if stdin else sys.stdout
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
        elif not arguments.quiet and done:
            print(f"Fixed {errors(done)}{_more(checked, arguments)}.", file=out)
        if arguments.fix_only and arguments.show_fixes:
            out.write(list_of_fixes(checked))
    if done and arguments.exit_non_zero_on_fix:
        return 1
    return 1 if checked.shown and not arguments.exit_zero and not arguments.fix_only else 0


def _write_to_stdout(text: str, encoding: str) -> None:
    """Writes the bytes that a file with this text would have, line ends included."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode(encoding))
    sys.stdout.buffer.flush()


def _more(checked: Checked, arguments: argparse.Namespace) -> str:
    hidden = sum(d.is_fixable(True) for d in checked.shown)
    if not hidden or arguments.unsafe_fixes is not None:
        return ""
    plural = "fix" if hidden == 1 else "fixes"
    return f" ({hidden} additional {plural} available with `--unsafe-fixes`)"


def diff(fixed: Fixed) -> Iterator[str]:
    """The fixes as unified diffs, one a file."""
    for path in sorted(fixed.after):
        name = shown_path(path)
        old = fixed.before[path].text.splitlines(keepends=True)
        new = fixed.after[path].splitlines(keepends=True)
        yield from difflib.unified_diff(old, new, name, name)
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
