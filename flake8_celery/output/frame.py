"""Lines of source with marks under them, drawn as ruff draws them.

The algorithm is that of rustc, by way of `annotate-snippets`, the crate that ruff draws with:
single-line marks with labels, marks over several lines, overlapping ones, and lines that are too
long for a terminal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from .color import ERROR, GUTTER, RESET

TERMINAL = 140
CUT = "…"
_BARE = frozenset(["", "{", "}", "(", ")", "[", "]"])
_INVISIBLE = {
    **{code: chr(0x2400 + code) for code in range(0x20) if code != 0x0A},
    0x09: "    ",
    0x7F: "␡",
    0x200D: "",
    **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "�"),
}


class Mark(NamedTuple):
    """What to mark: offsets into the text of a frame, the end excluded."""

    start: int
    end: int
    label: str
    primary: bool


class Place(NamedTuple):
    """A position in a frame: its row, how many characters and how many cells stand before it."""

    row: int
    character: int
    cell: int
    offset: int

    def moved(self, by: int) -> Place:
        """The place so many characters to the right."""
        return Place(
            self.row, max(self.character + by, 0), max(self.cell + by, 0), self.offset + by
        )


SINGLE, START, INSIDE, END = "single", "start", "inside", "end"


class Part(NamedTuple):
    """The part of a mark that stands on one row; `depth` is the column of its vertical line."""

    start: Place
    end: Place
    label: str
    primary: bool
    kind: str
    depth: int

    @property
    def takes_space(self) -> bool:
        """Whether a horizontal line leads to it."""
        return self.kind in (START, END)

    @property
    def sign(self) -> str:
        """The character that underlines."""
        return "^" if self.primary else "-"

    @property
    def color(self) -> str:
        """The colour of the mark and its label."""
        return ERROR if self.primary else GUTTER


class Row:
    """One line of a frame, without its end, and what is marked on it."""

    __slots__ = ("end", "line", "number", "parts", "start")

    def __init__(self, line: str, number: int, start: int, end: int) -> None:
        self.line = line
        self.number = number
        self.start = start
        self.end = end
        self.parts: list[Part] = []


class _Long:
    """A mark over several rows."""

    __slots__ = ("depth", "end", "exact", "label", "primary", "start")

    def __init__(self, start: Place, end: Place, mark: Mark) -> None:
        self.start = start
        self.end = end
        self.label = mark.label
        self.primary = mark.primary
        self.depth = 1
        self.exact = False

    def first(self) -> Part:
        end = self.start.moved(1)
        return Part(self.start, end, "", self.primary, START, self.depth)

    def last(self) -> Part:
        kind = SINGLE if self.exact else END
        return Part(self.end.moved(-1), self.end, self.label, self.primary, kind, self.depth)

    def inside(self) -> Part:
        nowhere = Place(0, 0, 0, 0)
        return Part(nowhere, nowhere, "", self.primary, INSIDE, self.depth)


class Canvas:
    """Characters with their colours, by line and column."""

    def __init__(self) -> None:
        self.lines: list[list[tuple[str, str]]] = []

    def put(self, line: int, column: int, text: str, color: str) -> None:
        """Writes over what stands at a place."""
        if not text:
            return
        while line >= len(self.lines):
            self.lines.append([])
        cells = self.lines[line]
        cells += [(" ", "")] * (column + len(text) - len(cells))
        cells[column : column + len(text)] = [(character, color) for character in text]

    def shorten(self, line: int, start: int, end: int) -> None:
        """Leaves out the middle of a line."""
        cells = self.lines[line]
        if start != end and start <= len(cells) and end <= len(cells):
            cells[start:end] = [(CUT, GUTTER)]

    def text(self, color: bool) -> list[str]:
        """The lines, with the codes of the colours if `color`."""
        if not color:
            return ["".join(character for character, _ in cells) for cells in self.lines]
        lines = []
        for cells in self.lines:
            pieces, current = [], ""
            for character, code in cells:
                if code != current:
                    pieces += [RESET if current else "", code]
                    current = code
                pieces.append(character)
            lines.append("".join(pieces) + (RESET if current else ""))
        return lines


def cells(character: str) -> int:
    """How many cells of a terminal a character takes."""
    if character.isascii():
        return 4 if character == "\t" else 1
    if unicodedata.category(character) == "Cc" or ord(character) in _INVISIBLE:
        return 0 if character == "\u200d" else 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf") or "\u1160" <= character <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def width(text: str) -> int:
    """How many cells of a terminal a text takes; a tab takes four."""
    return len(text) if text.isascii() and "\t" not in text else sum(map(cells, text))


def visible(text: str) -> str:
    """The text with tabs as spaces, and signs for what has no shape of its own."""
    return text.translate(_INVISIBLE)


def rows_of(text: str, first: int) -> list[Row]:
    """The lines of a frame's text, which starts with row `first` of its file."""
    rows = []
    start = 0
    for number, line in enumerate(text.split("\n"), first):
        end = start + len(line) + 1
        rows.append(Row(line.removesuffix("\r"), number, start, min(end, len(text))))
        start = end
    if len(rows) > 1 and not rows[-1].line:
        rows.pop()
    return rows


def _row_at(rows: Sequence[Row], offset: int) -> int:
    for index, row in enumerate(rows):
        if row.start <= offset < row.end:
            return index
    return -1


def _place(row: Row, offset: int) -> Place:
    before = row.line[: offset - row.start]
    return Place(row.number, len(before), width(before), offset)


def _places(rows: Sequence[Row], mark: Mark) -> tuple[Place, Place]:
    """Where a mark starts and ends; the end of one that ends with a line is on that line."""
    row = rows[_row_at(rows, mark.start)]
    start = _place(row, mark.start)
    if mark.start - row.start > len(row.line):
        start = start._replace(character=start.character + 1)
    if mark.start == mark.end:
        return start, start
    index = _row_at(rows, mark.end)
    row = rows[index]
    end = _place(row, mark.end)
    if start.row < end.row and not end.character and index >= 0:
        before = rows[index - 1]
        end = _place(before, mark.end)
        if before.end == start.offset:
            end = end.moved(1)._replace(offset=mark.end)
    if start.row != end.row and end.offset > row.start + len(row.line):
        end = end.moved(1)._replace(offset=mark.end)
    return start, end


def _overlap(a_start: int, a_end: int, b_start: int, b_end: int) -> bool:
    return b_start <= a_start < b_end or a_start <= b_start < a_end


def _touch(a: Part, b: Part, padding: int) -> bool:
    return _overlap(a.start.cell, a.end.cell + padding, b.start.cell, b.end.cell)


def mark_rows(rows: Sequence[Row], marks: Sequence[Mark]) -> int:
    """Puts the parts of the marks on their rows; returns how deep they are nested."""
    long: list[_Long] = []
    first = rows[0].number
    for mark in marks:
        start, end = _places(rows, mark)
        if start.row != end.row:
            long.append(_Long(start, end, mark))
            continue
        if start.cell == end.cell:
            end = end._replace(cell=end.cell + 1)
        part = Part(start, end, mark.label, mark.primary, SINGLE, 0)
        rows[start.row - first].parts.append(part)
    long.sort(key=lambda each: (each.start.row, -each.end.row))
    primary = []
    for outer, is_primary in enumerate([each.primary for each in long]):
        one = long[outer]
        if is_primary:
            primary.append((one.start, one.end))
        for inner, other in enumerate(long):
            same = (one.start, one.end) == (other.start, other.end)
            if not same and _overlap(
                one.start.row, one.end.row + 1, other.start.row, other.end.row + 1
            ):
                other.depth += 1
            elif same and inner != outer:
                other.exact = True
            else:
                other.primary = other.primary or (other.start, other.end) in primary
                break
    deepest = max((each.depth for each in long), default=0)
    for each in long:
        each.depth = deepest - each.depth + 1
    for each in long:
        if not each.exact:
            _mark_long(rows, each)
        rows[each.end.row - first].parts.append(each.last())
    return deepest


def _mark_long(rows: Sequence[Row], long: _Long) -> None:
    """The start of a mark over several rows, and its vertical line as far as labels must know."""
    first = rows[0].number

    def says_something(row: int) -> bool:
        line = rows[row - first].line.strip()
        return line not in _BARE and not line.startswith("//")

    start, end = long.start.row, long.end.row
    rows[start - first].parts.append(long.first())
    middle = min(start + 4, end)
    until = next(
        (row + 1 for row in range(middle - 1, start - 1, -1) if says_something(row)), start
    )
    for row in range(start + 1, until):
        rows[row - first].parts.append(long.inside())
    if middle < end - 1 and says_something(end - 1):
        rows[end - 1 - first].parts.append(long.inside())


class Margin(NamedTuple):
    """Which cells of a line are shown."""

    left: int
    right: int
    room: int

    @classmethod
    def of(cls, rows: Sequence[Row], room: int) -> Margin:
        """The part of the lines that shows the marks, at most `room` cells wide."""
        whitespace = min(
            (width(row.line) - width(row.line.lstrip()) for row in rows if row.line.strip()),
            default=0,
        )
        parts = [part for row in rows for part in row.parts]
        starts = [min(part.start.cell, part.end.cell) for part in parts]
        ends = [max(part.start.cell, part.end.cell) for part in parts]
        labels = [part.end.cell + (width(part.label) + 1 if part.label else 0) for part in parts]
        longest = max(width(row.line) for row in rows)
        # Six cells leave room for the sign of a cut.
        whitespace = max(whitespace - 6, 0)
        span_left = max(min(starts, default=0) - 6, 0)
        span_right = max(ends, default=0) + 6
        label_right = max(labels, default=0) + 6
        left = whitespace - 16 if whitespace > 20 else 0
        right = max(longest, left)
        if right - left > room:
            if whitespace <= label_right <= whitespace + room:
                left = whitespace
                right = left + room
            elif label_right - span_left <= room:
                left = max(span_left - (room - (label_right - span_left)) // 2, 0)
                right = left + room
            elif span_right - span_left <= room:
                left = max(span_left - (room - (span_right - span_left)) // 5 * 2, 0)
                right = left + room
            else:
                left, right = span_left, span_right
        return cls(left, right, room)

    def shown(self, length: int) -> tuple[int, int]:
        """The first cell and the one after the last of a line that is `length` cells wide."""
        left = min(self.left, length)
        if max(length - self.left, 0) <= self.room:
            return left, length
        return left, min(length, self.right)


class Frame:
    """Draws marked rows; `gutter` is the width of the line numbers, `depth` from `mark_rows`."""

    def __init__(self, rows: Sequence[Row], gutter: int, depth: int) -> None:
        self.canvas = Canvas()
        self.rows = rows
        self.gutter = gutter
        self.bars = gutter + 3
        self.code = self.bars + (depth + 1 if depth else 0)
        self.margin = Margin.of(rows, max(TERMINAL - self.code, 0))

    def draw(self, last: bool, color: bool) -> list[str]:
        """The lines of the frame; `last`: no other frame follows, so that this one is closed."""
        open_bars: dict[int, str] = {}
        for row in self.rows:
            top = len(self.canvas.lines)
            turned = self._row(row, last and row is self.rows[-1])
            started = {}
            for depth, code in turned:
                if depth in open_bars:
                    del open_bars[depth]
                else:
                    started[depth] = code
            for depth, code in open_bars.items():
                for line in range(top, len(self.canvas.lines)):
                    self.canvas.put(line, self.bars + depth - 1, "|", code)
            open_bars.update(started)
        return self.canvas.text(color)

    def _separator(self, line: int) -> None:
        self.canvas.put(line, self.gutter + 1, "|", GUTTER)

    def _source(self, row: Row, text: str, top: int) -> int:
        """The line of code; returns how many cells were cut from its left."""
        put = self.canvas.put
        length = width(text)
        left, right = self.margin.shown(length)
        room = right - left
        skipped = first = 0
        while skipped < left and first < len(text):
            skipped += cells(text[first])
            first += 1
        taken, end = 0, first
        while end < len(text) and taken + cells(text[end]) <= room:
            taken += cells(text[end])
            end += 1
        shown = text[first:end]
        column = self.code
        if self.margin.left:
            put(top, column, CUT, GUTTER)
            while shown:
                wide = cells(shown[0])
                shown = shown[1:]
                column += wide
                if wide:
                    break
        put(top, column, shown, "")
        if length > right:
            tail = 0
            for character in reversed(text[first:end]):
                tail += 1
                if cells(character):
                    break
            put(top, column + len(shown) - tail, CUT, GUTTER)
        put(top, 0, f"{row.number:>{self.gutter}}", GUTTER)
        self._separator(top)
        return max(left, skipped)

    def _row(self, row: Row, close: bool) -> list[tuple[int, str]]:
        """Draws a row and what is marked on it; returns the bars that start or end here."""
        put = self.canvas.put
        top = len(self.canvas.lines)
        text = visible(row.line)
        left = self._source(row, text, top)
        if not row.parts:
            if close:
                self._separator(top + 1)
            return []
        starts = [part for part in row.parts if part.kind == START]
        if all(part.kind in (START, INSIDE) for part in row.parts) and not any(
            text[: part.start.cell].strip() for part in starts
        ):
            for part in starts:
                put(top, self.bars + part.depth - 1, "/", part.color)
            return [(part.depth, part.color) for part in starts]

        parts = sorted(
            row.parts, key=lambda part: (part.start.cell, part.start.character), reverse=True
        )
        positions, height, crowded = _positions(parts)
        if all(part.kind == INSIDE for part in parts):
            return []
        if all(part.kind == START for part in parts):
            deepest = max(position for position, _ in positions)
            positions = [(deepest - position, part) for position, part in positions]
            height = max(height - 1, 0)
        for line in range(height + 1):
            self._separator(top + line + 1)
        if close:
            self._separator(top + height + 1)

        def column(cell: int) -> int:
            return max(self.code + cell - left, 0)

        for position, part in positions:
            if part.takes_space:
                start = self.bars + part.depth
                put(
                    top + position + 1,
                    start,
                    "_" * (column(part.start.cell) - start),
                    part.color,
                )
        for position, part in positions:
            if position and (part.label or part.takes_space):
                for line in range(top + 1, top + position + 2):
                    put(line, column(part.start.cell), "|", part.color)
            bar = self.bars + part.depth - 1
            if part.kind == START:
                put(top + position + 1, bar, " ", part.color)
                for line in range(top + position + 2, top + height + 2):
                    put(line, bar, "|", part.color)
            elif part.kind == END:
                for line in range(top, top + position + 2):
                    put(line, bar, "|", part.color)
        for position, part in positions:
            if position:
                line, cell = position + 2, max(part.start.cell - left, 0)
            else:
                cell = part.end.cell + (1 if part.end.cell else 2)
                line, cell = 1, max(cell - left, 0)
            put(top + line, self.code + cell, part.label, part.color)
        # Short ones are drawn over long ones, and the primary one over others.
        positions.sort(
            key=lambda each: (-abs(each[1].end.cell - each[1].start.cell), each[1].primary)
        )
        for position, part in positions:
            for cell in range(part.start.cell, part.end.cell):
                put(top + 1, column(cell), part.sign, part.color)
            if part.takes_space or (position and part.label):
                put(top + 1, column(part.start.cell), part.sign, part.color)
        for index, (_, part) in enumerate(positions):
            length = part.end.cell - part.start.cell
            if part.kind == SINGLE and not crowded[index] and length > self.margin.room * 2:
                kept = max(self.margin.room // 3, 5)
                for line in (top, top + 1):
                    self.canvas.shorten(
                        line,
                        self.code + max(part.start.cell + kept - left, 0),
                        self.code + max(part.end.cell - kept - left, 0),
                    )
        return [(part.depth, part.color) for _, part in positions if part.takes_space]


def _positions(parts: Sequence[Part]) -> tuple[list[tuple[int, Part]], int, list[bool]]:
    """How far below its line the label of each part stands, the height of all, and which parts
    others overlap; the parts come from right to left."""
    crowded = [False] * len(parts)
    positions: list[tuple[int, Part]] = []
    height = position = 0
    for i, part in enumerate(parts):
        for j, other in enumerate(parts):
            touching = _touch(other, part, 0)
            if touching and j > 1:
                crowded[i] = crowded[j] = True
            if touching and part.label and j > i and position == 0:
                if (other.start[1:3], other.end[1:3]) == (part.start[1:3], part.end[1:3]) and (
                    not other.label
                ):
                    continue
                position += 1
                break
        positions.append((position, part))
        for other in parts[i + 1 :]:
            padding = len(other.label.encode()) + 2 if other.label else 0
            touching = _touch(other, part, padding)
            if (
                (touching and part.label and other.label)
                or (part.takes_space and (other.label or other.takes_space))
                or (part.label and other.takes_space)
                or (
                    touching
                    and (other.end.cell, other.end.character) <= (part.end.cell, part.end.character)
                    and other.label
                    and position == 0
                )
            ):
                position += 1
                break
        height = max(height, position)
    return positions, height + 1 if height else 0, crowded
