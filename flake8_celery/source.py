"""One file's text and the positions in it.

Everywhere in this package a row is 1-based and a column is a 1-based count of code points;
only `ast` counts UTF-8 bytes, and only this module translates.
"""

from __future__ import annotations

import io
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import ast

Span = tuple[int, int, int, int]
"""Row, column, end row, end column; rows and columns from 1, the end is exclusive."""

_BOM = b"\xef\xbb\xbf"


class SourceError(Exception):
    """Why a file cannot be used: it is not text, or it is not Python.

    `kind` is "encoding" (the bytes cannot be decoded) or "syntax" (the text cannot be parsed);
    `row` and `column` say where, (1, 1) when that is not known.
    """

    def __init__(
        self, message: str, row: int, column: int, kind: Literal["encoding", "syntax"]
    ) -> None:
        super().__init__(message, row, column, kind)
        self.message = message
        self.row = row
        self.column = column
        self.kind = kind


class Source:
    """The text of one file, without its byte order mark.

    `encoding` encodes `text` back to the bytes of the file, byte order mark included
    ("utf-8-sig"). Line ends are kept as they were written.
    """

    __slots__ = ("_lines", "_nodes", "_starts", "_tree", "_wide", "encoding", "path", "text")

    def __init__(self, path: str, text: str, encoding: str) -> None:
        self.path = path
        self.text = text
        self.encoding = encoding
        self._wide: frozenset[int] | None = frozenset() if text.isascii() else None
        self._lines: list[str] | None = None
        self._starts: list[int] | None = None
        self._tree: ast.Module | None = None
        self._nodes: list[ast.AST] | None = None

    @classmethod
    def decode(cls, data: bytes, path: str) -> Source:
        """Decode the bytes of a file as Python does (PEP 263): byte order mark, then coding
        comment, then UTF-8. Raises SourceError of kind "encoding"."""
        marked = data.startswith(_BOM)
        encoding = "utf-8-sig" if marked else "utf-8"
        cookie = _coding_comment(data) if b"coding" in data else None
        if cookie and cookie.lower().replace("_", "-") not in ("utf-8", "utf8", "utf-8-sig"):
            if marked:
                raise SourceError(f"encoding problem: {cookie} with BOM", 1, 1, "encoding")
            encoding = cookie
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode("utf-8", "replace")
            rows = _split_lines(before + ".")
            message = f"'{encoding}' codec can't decode byte: {error.reason}"
            raise SourceError(message, len(rows), len(rows[-1]), "encoding") from error
        except LookupError as error:
            raise SourceError(f"unknown encoding: {encoding}", 1, 1, "encoding") from error
        except Exception as error:
            # The coding comment names any codec that Python has, and codecs raise what they like.
            raise SourceError(f"encoding problem: {encoding}", 1, 1, "encoding") from error
        return cls(path, text, encoding)

    @classmethod
    def from_text(cls, text: str, path: str) -> Source:
        """A source whose text somebody else decoded: flake8's lines, an editor's buffer."""
        if text.startswith("\ufeff"):
            return cls(path, text[1:], "utf-8-sig")
        return cls(path, text, "utf-8")

    @property
    def lines(self) -> list[str]:
        r"""The lines with their ends, split at \n, \r\n and \r and nowhere else, as Python's
        tokenizer does it: a form feed or U+2028 is part of its line."""
        if self._lines is None:
            self._lines = _split_lines(self.text)
        return self._lines

    @property
    def wide_rows(self) -> frozenset[int]:
        """The rows in which a byte is not a column: those with more than ASCII."""
        if self._wide is None:
            numbered = enumerate(self.lines, start=1)
            self._wide = frozenset(row for row, line in numbered if not line.isascii())
        return self._wide

    def line(self, row: int) -> str:
        """The line with its end; empty where the file has no such row."""
        lines = self.lines
        return lines[row - 1] if 0 < row <= len(lines) else ""

    def parse(self) -> ast.Module:
        """Parse the text, once; nobody may change the tree. Raises SourceError of kind "syntax",
        also for what Python rejects otherwise: null bytes, lone surrogates, nesting too deep for
        its parser."""
        if self._tree is None:
            self._tree = self._parse()
        return self._tree

    def nodes(self) -> list[ast.AST]:
        """All nodes of the tree, listed once, for fixes that look for one by its place."""
        if self._nodes is None:
            import ast

            self._nodes = list(ast.walk(self.parse()))
        return self._nodes

    def _parse(self) -> ast.Module:
        import ast
        import warnings

        if "\0" in self.text:
            rows = _split_lines(self.text[: self.text.index("\0") + 1])
            message = "source code cannot contain null bytes"
            raise SourceError(message, len(rows), len(rows[-1]), "syntax")
        try:
            # An invalid escape warns while parsing, and under `-W error` would not parse at all.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(self.text)
        except SyntaxError as error:
            row, column = max(error.lineno or 1, 1), max(error.offset or 1, 1)
            raise SourceError(error.msg, row, column, "syntax") from error
        except (RecursionError, MemoryError) as error:
            raise SourceError("too deeply nested to be parsed", 1, 1, "syntax") from error
        except (ValueError, OverflowError, SystemError) as error:
            raise SourceError(str(error), 1, 1, "syntax") from error

    def column(self, row: int, byte_offset: int) -> int:
        """The column of an `ast` offset: UTF-8 bytes from 0 to code points from 1."""
        if row not in self.wide_rows:
            return byte_offset + 1
        line = self.line(row)
        return len(line.encode("utf-8", "replace")[:byte_offset].decode("utf-8", "replace")) + 1

    def span(self, node: ast.AST) -> Span:
        """Where a node stands. The node must be one that has a position: a statement, an
        expression, an argument, a keyword, an alias, an exception handler or a pattern."""
        at: Any = node
        row, end_row = at.lineno, at.end_lineno
        wide = self.wide_rows
        if not wide or (row not in wide and end_row not in wide):
            return (row, at.col_offset + 1, end_row, at.end_col_offset + 1)
        return (
            row,
            self.column(row, at.col_offset),
            end_row,
            self.column(end_row, at.end_col_offset),
        )

    def offset(self, row: int, column: int) -> int:
        """The index into `text` of a position; the end of the text for a row behind it."""
        if self._starts is None:
            self._starts = list(accumulate(map(len, self.lines), initial=0))
        if row > len(self.lines):
            return len(self.text)
        return min(self._starts[row - 1] + column - 1, len(self.text))


def _split_lines(text: str) -> list[str]:
    return io.StringIO(text, newline="").readlines()


def _coding_comment(data: bytes) -> str | None:
    """The encoding that one of the first two lines declares (PEP 263)."""
    import re

    for line in re.split(rb"\r\n|\r|\n", data.removeprefix(_BOM), maxsplit=2)[:2]:
        if cookie := re.match(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", line):
            return cookie[1].decode("ascii")
        if not re.match(rb"[ \t\f]*(#|$)", line):
            return None
    return None
