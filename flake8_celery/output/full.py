"""Diagnostics with the lines they are about, in ruff's frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..diagnostic import Diagnostic, Texts, shown_path
from ..rule import SAFE, UNSAFE, Fix
from ..source import Source, Span
from .color import ADDED, BOLD, ERROR, GUTTER, HELP, NOTE, PLAIN, REMOVED, Style
from .frame import Frame, Mark, mark_rows, rows_of, visible

CONTEXT = 2
FIX_CONTEXT = 3
# Changes that so few lines stand between, besides those around them, are shown together.
MERGED = 2
NOTES = {
    UNSAFE: "This is an unsafe fix and may change runtime behavior",
    "displayonly": "This suggestion may be incorrect or produce invalid syntax. "
    "It requires manual review and cannot be applied automatically",
}


def render(
    diagnostics: Sequence[Diagnostic], texts: Texts, unsafe: bool, style: Style = PLAIN
) -> str:
    """The diagnostics, each with a frame of source, separated by blank lines."""
    return "".join(_one(diagnostic, texts, unsafe, style) + "\n" for diagnostic in diagnostics)


class Place(NamedTuple):
    """A place in a file that a frame marks."""

    path: str
    span: Span
    label: str
    primary: bool


def _one(diagnostic: Diagnostic, texts: Texts, unsafe: bool, style: Style) -> str:
    code = diagnostic.code + (":" if diagnostic.code == "invalid-syntax" else "")
    star = f" [{style.paint(HELP, '*')}]" if diagnostic.is_fixable(unsafe) else ""
    head = style.paint(ERROR, style.link(diagnostic.url, code)) + star
    head += style.paint(BOLD, f" {visible(diagnostic.message)}") + "\n"
    if diagnostic.code == "E902":
        row, column = diagnostic.span[:2]
        return f"{head}{style.paint(GUTTER, '--> ')}{shown_path(diagnostic.path)}:{row}:{column}\n"
    places = [Place(diagnostic.path, diagnostic.span, "", True)]
    places += [Place(place.path, place.span, place.message, False) for place in diagnostic.related]
    body = "".join(f"{line}\n" for line in frames(places, texts, style))
    if diagnostic.fix is None and diagnostic.help:
        return f"{head}{body}{_help(diagnostic.help, style)}"
    if diagnostic.fix is None:
        return head + body
    fix = _fix(diagnostic.fix, texts.source(diagnostic.path), style)
    return f"{head}{body}{''.join(fix)}"


def frames(places: Sequence[Place], texts: Texts, style: Style) -> Iterator[str]:
    """The lines under a headline: a frame for each group of places that stand close together,
    first those of the file of the primary place."""
    groups = list(_groups(places, texts))
    groups.sort(key=lambda group: not any(place.primary for place in group))
    primary = next((place.path for place in places if place.primary), None)
    groups.sort(key=lambda group: group[0].path != primary)
    drawn = []
    gutter = depth = 0
    for group in groups:
        source = texts.source(group[0].path)
        first = _before(source, min(place.span[0] for place in group))
        last = _after(source, max(_last_row(source, place.span) for place in group))
        # A line that ends with a carriage return alone is a line all the same.
        lines = source.lines[first - 1 : last]
        text = "".join(f"{line[:-1]}\n" if line.endswith("\r") else line for line in lines)
        rows = rows_of(text, first)
        start = source.offset(first, 1)
        marks = [_mark(place, source, start, text) for place in group]
        depth = max(depth, mark_rows(rows, marks))
        gutter = max(gutter, len(str(rows[-1].number)))
        drawn.append((group, rows))
    pad = " " * gutter
    bar = f"{pad} {style.paint(GUTTER, '|')}"
    for index, (group, rows) in enumerate(drawn):
        marked = [row for row in rows if row.parts]
        if index:
            arrow, row = "::: ", marked[0]
            column = row.parts[0].start.character
            yield bar
        else:
            arrow = "--> "
            row = next((row for row in marked if any(p.primary for p in row.parts)), marked[0])
            chosen = [part for part in row.parts if part.primary] or row.parts
            column = min(part.start.character for part in chosen)
        where = f"{shown_path(group[0].path)}:{row.number}:{column + 1}"
        yield f"{pad}{style.paint(GUTTER, arrow)}{where}"
        yield bar
        yield from Frame(rows, gutter, depth).draw(index == len(drawn) - 1, style.color)


def _groups(places: Sequence[Place], texts: Texts) -> Iterator[list[Place]]:
    """Places of one file whose contexts meet belong into one frame."""
    by_path: dict[str, list[Place]] = {}
    for place in places:
        by_path.setdefault(place.path, []).append(place)
    for path in sorted(by_path, key=shown_path):
        source = texts.source(path)
        group: list[Place] = []
        for place in sorted(by_path[path], key=lambda place: place.span[:2]):
            if group:
                end = _after(source, _last_row(source, group[-1].span))
                if _before(source, place.span[0]) - end > 1:
                    yield group
                    group = []
            group.append(place)
        yield group


def _last_row(source: Source, span: Span) -> int:
    """The last row that a span has text on."""
    row, column, end_row, end_column = span
    end = source.offset(end_row, end_column)
    if end > source.offset(row, column) and source.text[end - 1] in "\r\n":
        return max(end_row - 1, row)
    return end_row


def _before(source: Source, row: int) -> int:
    """The first row of the context of a row; blank ones at the start are left out."""
    first = max(row - CONTEXT, 1)
    while first < row and not source.line(first).strip():
        first += 1
    return first


def _after(source: Source, row: int) -> int:
    """The last row of the context of a row; blank ones at the end are left out."""
    last = row + CONTEXT
    while last > row and not source.line(last).strip():
        last -= 1
    return last


def _mark(place: Place, source: Source, frame_start: int, text: str) -> Mark:
    """The place as offsets into the text of a frame."""
    row, column, end_row, end_column = place.span
    start = max(source.offset(row, column) - frame_start, 0)
    end = max(source.offset(end_row, end_column) - frame_start, start)
    # An empty span at the start of a line points at its first character.
    if start == end and 0 < start < len(text) and text[start - 1] in "\r\n":
        end += 1
    return Mark(min(start, len(text)), min(end, len(text)), place.label, place.primary)


def _help(title: str, style: Style) -> str:
    return f"{style.paint(HELP, 'help')}{style.paint(BOLD, f': {visible(title)}')}\n"


def _fix(fix: Fix, source: Source, style: Style) -> Iterator[str]:
    """What a fix does, as a small diff."""
    yield _help(fix.title, style)
    first, old, new = _windows(fix, source)
    groups = list(_changes(old, new))
    width = len(str(groups[-1][-1][4] + first)) if groups else 1
    edge = f"{style.paint(GUTTER, ' ' * width)} {style.paint(GUTTER, '|')}\n"
    yield edge
    for index, group in enumerate(groups):
        if index:
            yield "-" * 80 + "\n"
        for kind, i, i_end, j, j_end in group:
            if kind == "equal":
                for row in range(j, j_end):
                    yield _line(first + row + 1, "|", "", new[row], width, style)
                continue
            for line in old[i:i_end]:
                yield _line(None, "-", REMOVED, line, width, style)
            for row in range(j, j_end):
                yield _line(first + row + 1, "+", ADDED, new[row], width, style)
    yield edge
    if fix.applicability != SAFE:
        note = f": {NOTES[fix.applicability]}"
        yield f"{style.paint(NOTE, 'note')}{style.paint(BOLD, note)}\n"


def _windows(fix: Fix, source: Source) -> tuple[int, list[str], list[str]]:
    """The lines around the edits of a fix before and after it, and how many lines are above."""
    top = max(fix.edits[0].span[0] - FIX_CONTEXT, 1)
    below = source.lines[top - 1 : fix.edits[-1].span[2] + FIX_CONTEXT]
    start = last = source.offset(top, 1)
    end = start + sum(map(len, below))
    line_end = "\r\n" if "\r\n" in source.text else "\n"
    pieces = []
    for edit in fix.edits:
        row, column, end_row, end_column = edit.span
        text = edit.text.replace("\r\n", "\n").replace("\n", line_end)
        pieces += [source.text[last : source.offset(row, column)], text]
        last = source.offset(end_row, end_column)
    pieces.append(source.text[last:end])
    return top - 1, below, list(Source.from_text("".join(pieces), source.path).lines)


Change = tuple[str, int, int, int, int]


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[list[Change]]:
    """Groups of changes with a line of context, as `difflib` describes them."""
    from difflib import SequenceMatcher

    # Lines that both ends share are never changed, whatever else they are similar to.
    most = min(len(old), len(new))
    head = next((n for n in range(most) if old[n] != new[n]), most)
    most -= head
    tail = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
    matcher = SequenceMatcher(
        None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False
    )
    changes: list[Change] = [("equal", 0, head, 0, head)]
    for opcode in matcher.get_opcodes():
        i, i_end, j, j_end = (head + end for end in opcode[1:])
        changes.append((opcode[0], i, i_end, j, j_end))
    changes.append(("equal", len(old) - tail, len(old), len(new) - tail, len(new)))
    changes = _sunk(changes, new)
    group: list[Change] = []
    for index, (kind, i, i_end, j, j_end) in enumerate(changes):
        first, last = index == 0, index == len(changes) - 1
        above: Change = ("equal", i_end - 1, i_end, j_end - 1, j_end)
        below: Change = ("equal", i, i + 1, j, j + 1)
        if kind != "equal" or not (first or last or i_end - i > 2 + MERGED):
            group.append((kind, i, i_end, j, j_end))
            continue
        if not first:
            yield [*group, below]
            group = []
        if not last:
            group = [above]
    if group:
        yield group


def _sunk(changes: Sequence[Change], new: Sequence[str]) -> list[Change]:
    """The changes with each insertion as far down as its lines allow, and without empty ones."""
    sunk: list[Change] = []
    down = 0
    for index, (kind, i, i_end, j, j_end) in enumerate(changes):
        if kind == "equal":
            i, j, down = i + down, j + down, 0
        elif j < j_end and index + 1 < len(changes):
            most = changes[index + 1][4] - j_end if changes[index + 1][0] == "equal" else 0
            while down < most and new[j + down] == new[j_end + down]:
                down += 1
            if down:
                sunk += [("delete", i, i_end, j, j), ("equal", i_end, i_end + down, j, j + down)]
                kind, i, i_end, j, j_end = (
                    "insert",
                    i_end + down,
                    i_end + down,
                    j + down,
                    j_end + down,
                )
        sunk.append((kind, i, i_end, j, j_end))
    merged: list[Change] = []
    for change in sunk:
        kind, i, i_end, j, j_end = change
        if i == i_end and j == j_end:
            continue
        if merged and merged[-1][0] == kind == "equal":
            merged[-1] = (kind, merged[-1][1], i_end, merged[-1][3], j_end)
        else:
            merged.append(change)
    return merged


def _line(number: int | None, sign: str, color: str, line: str, width: int, style: Style) -> str:
    """One line of a diff, with the end that it has in its file."""
    content = line.rstrip("\r\n")
    end = line[len(content) :]
    shown = "\t".join(map(visible, content.split("\t"))).replace("\ufeff", "�")
    number_shown = style.paint(GUTTER, f"{number or '':<{width}}")
    sign = style.paint(BOLD + color if color else GUTTER, sign)
    space = " " if content else ""
    return f"{number_shown} {sign}{space}{style.paint(color, shown + end)}{'' if end else chr(10)}"
