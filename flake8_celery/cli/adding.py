"""`check --add-noqa` and `check --add-ignore`: silences what is found, by a comment that names it.

Unlike ruff's, a comment that is there already keeps its reason."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable

from .. import fix
from ..diagnostic import Diagnostic, Texts, shown_path
from ..files import read
from ..rule import RULES
from ..rules.suppressions import Suppression
from ..source import Source
from ..suppress import IGNORE, NOQA, Directive, Suppressions
from .check import absolute_paths, check_all, tell
from .flags import Configs

_CODES = {
    NOQA: re.compile(r"#.*?(?i:noqa)\s*:\s*(?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*)"),
    IGNORE: re.compile(r"#[^\[]*\[(?P<codes>[^\]]*)\]"),
}


def add_suppressions(arguments: argparse.Namespace, configs: Configs) -> int:
    """Writes the comments; returns the exit code."""
    if arguments.files == ["-"]:
        return 0
    kind, reason = (IGNORE, arguments.add_ignore)
    if arguments.add_noqa is not None:
        kind, reason = (NOQA, arguments.add_noqa)
    flag = "--add-noqa" if kind == NOQA else "--add-ignore"
    if arguments.fix_only:
        print(f"warning: --fix is incompatible with {flag}.", file=sys.stderr)
        arguments.fix_only = False
    arguments.fix = False
    texts = Texts(read)
    checked = check_all(arguments, configs, None, absolute_paths(arguments), texts)
    tell(checked, arguments)
    by_path: dict[str, list[Diagnostic]] = {}
    for diagnostic in checked.shown:
        rule = RULES.get(diagnostic.code)
        if diagnostic.suppressible and rule and rule.subject is not Suppression:
            by_path.setdefault(diagnostic.path, []).append(diagnostic)
    added, code = 0, 0
    for path, found in by_path.items():
        source = texts.source(path)
        text, count = with_suppressions(source, found, kind, reason)
        try:
            fix.write(path, text, source.encoding)
        except (OSError, UnicodeError) as error:
            print(f"error: cannot write {shown_path(path)}: {error}", file=sys.stderr)
            code = 2
            continue
        added += count
    if added and not arguments.quiet and not arguments.silent:
        what = "noqa directive" if kind == NOQA else "ignore comment"
        print(f"Added {added} {what}{'' if added == 1 else 's'}.", file=sys.stderr)
    return code


def with_suppressions(
    source: Source, found: Iterable[Diagnostic], kind: str, reason: str = ""
) -> tuple[str, int]:
    """The text with comments that silence the diagnostics, and how many were added or changed.

    `kind` is NOQA or IGNORE; `reason` is put behind the codes of new comments."""
    lines = list(source.lines)
    comments = Suppressions.of(source)
    there = {
        directive.row: directive
        for directive in comments.directives
        if directive.kind == kind and source.line(directive.row)[: directive.span[1] - 1].strip()
    }
    by_row: dict[int, list[str]] = {}
    for diagnostic in found:
        codes = by_row.setdefault(comments.noqa_row(diagnostic.span[0]), [])
        if diagnostic.code not in codes:
            codes.append(diagnostic.code)
    for row, codes in by_row.items():
        line = lines[row - 1]
        body = line.rstrip("\r\n")
        changed = _merged(body, there[row], sorted(codes)) if row in there else None
        if changed is None:
            listed = ", ".join(sorted(codes))
            comment = f"# noqa: {listed}" if kind == NOQA else f"# ruff: ignore[{listed}]"
            changed = f"{body.rstrip()}  {comment}{f' {reason}' if reason else ''}"
        lines[row - 1] = changed + line[len(body) :]
    return "".join(lines), len(by_row)


def _merged(line: str, directive: Directive, codes: list[str]) -> str | None:
    """A line with codes put behind those of the comment that it has."""
    start = directive.span[1] - 1
    found = _CODES[directive.kind].match(line, start)
    if found is None:
        return None
    known = re.split(r"[,\s]+", found["codes"].strip(", \t"))
    listed = ", ".join([*known, *(code for code in codes if code not in known)])
    return line[: found.start("codes")] + listed + line[found.end("codes") :]
