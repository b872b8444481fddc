"""Diagnostics with the lines they are about, in ruff's frames."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from ..diagnostic import Diagnostic, Texts, shown_path
from ..rule import UNSAFE, Fix
from ..source import Source, Span
from .concise import label

CONTEXT = 2
TAB = 4


def render(diagnostics: Sequence[Diagnostic], texts: Texts, unsafe: bool) -> str:
    """The diagnostics, each with a frame of source, separated by blank lines."""
    return "".join(_one(diagnostic, texts, unsafe) + "\n" for diagnostic in diagnostics)


def _one(diagnostic: Diagnostic, texts: Texts, unsafe: bool) -> str:
    source = texts.source(diagnostic.path)
    head = f"{label(diagnostic, unsafe)} {diagnostic.message}\n"
    place = f"{shown_path(diagnostic.path)}:{diagnostic.span[0]}:{diagnostic.span[1]}"
    if diagnostic.code == "E902":
        return f"{head}--> {place}\n"
    shown = [_rows(source, diagnostic.span)]
    shown += [_rows(texts.source(r.path), r.span) for r in diagnostic.related]
    fixed = _fixed_rows(source, diagnostic.fix) if diagnostic.fix else None
    last = max([rows[-1] for rows in shown if rows] + ([fixed[-1][0]] if fixed else []), default=1)
    gutter = len(str(last))
    pad = " " * gutter
    lines = [f"{pad}--> {place}", f"{pad} |"]
    lines += _frame(source, shown[0], diagnostic.span, "^", gutter)
    for related, rows in zip(diagnostic.related, shown[1:], strict=True):
        other = texts.source(related.path)
        where = f"{shown_path(related.path)}:{related.span[0]}:{related.span[1]}"
        lines += [f"{pad} |", f"{pad}::: {where}", f"{pad} |"]
        lines += _frame(other, rows, related.span, "-", gutter, related.message)
    lines.append(f"{pad} |")
    # ruff closes a frame only when something follows the marked line.
    if lines[-2].lstrip(" |").startswith(("^", "-")) and not diagnostic.related:
        lines.pop()
    if diagnostic.fix and fixed is not None:
        lines += [f"help: {diagnostic.fix.title}", f"{pad} |"]
        lines += [
            f"{number or '':>{gutter}} {sign} {text}".rstrip() for number, sign, text in fixed
        ]
        lines.append(f"{pad} |")
        if diagnostic.fix.applicability == UNSAFE:
            lines.append("note: This is an unsafe fix and may change runtime behavior")
    return head + "\n".join(lines) + "\n"


def _rows(source: Source, span: Span) -> list[int]:
    """The rows of a frame: the span's and two around it, blank ones at the ends left out."""
    total = len(source.lines)
    if not total:
        return []
    first, last = max(1, span[0] - CONTEXT), min(total, max(span[2], span[0]) + CONTEXT)
    while first < span[0] and not source.line(first).strip():
        first += 1
    while last > max(span[2], span[0]) and not source.line(last).strip():
        last -= 1
    return list(range(first, last + 1))


def _frame(
    source: Source, rows: list[int], span: Span, mark: str, gutter: int, message: str = ""
) -> list[str]:
    row, column, end_row, end_column = span
    several = end_row > row
    lines = []
    for number in rows:
        text = source.line(number).rstrip("\r\n").expandtabs(TAB)
        inner = several and row < number <= end_row
        lead = ("| " if inner else "  ") if several else ""
        lines.append(f"{number:>{gutter}} | {lead}{text}".rstrip())
        if number == row and several:
            width = _width(source, row, column)
            lines.append(f"{' ' * gutter} |  {'_' * width}{mark}")
        elif number == end_row and several:
            width = max(_width(source, end_row, end_column) - 1, 0)
            note = f" {message}" if message else ""
            lines.append(f"{' ' * gutter} | |{'_' * width}{mark}{note}")
        elif number == row:
            start = _width(source, row, column)
            length = max(_width(source, row, end_column) - start, 1)
            note = f" {message}" if message else ""
            lines.append(f"{' ' * gutter} | {' ' * start}{mark * length}{note}")
    return lines


def _width(source: Source, row: int, column: int) -> int:
    """How many cells of a terminal stand before a column."""
    text = source.line(row)[: column - 1].expandtabs(TAB)
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fixed_rows(source: Source, fix: Fix) -> list[tuple[int, str, str]]:
    """The lines around a fix: (new number or 0, sign, text)."""
    from difflib import SequenceMatcher

    old = [line.rstrip("\r\n") for line in source.lines]
    text = source.text
    for edit in reversed(fix.edits):
        start = source.offset(edit.span[0], edit.span[1])
        end = source.offset(edit.span[2], edit.span[3])
        text = text[:start] + edit.text + text[end:]
    new = [line.rstrip("\r\n") for line in text.splitlines()]
    first = max(min(edit.span[0] for edit in fix.edits) - 3, 0)
    rows: list[tuple[int, str, str]] = []
    matcher = SequenceMatcher(None, old[first:], new[first:], autojunk=False)
    for group in matcher.get_grouped_opcodes(1):
        for kind, i1, i2, j1, j2 in group:
            if kind == "equal":
                rows += [(first + j + 1, "|", new[first + j]) for j in range(j1, j2)]
                continue
            rows += [(0, "-", old[first + i]) for i in range(i1, i2)]
            rows += [(first + j + 1, "+", new[first + j]) for j in range(j1, j2)]
    while rows and rows[0][1] == "|" and not rows[0][2].strip():
        rows.pop(0)
    while rows and rows[-1][1] == "|" and not rows[-1][2].strip():
        rows.pop()
    return rows
