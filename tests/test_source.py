"""Text, lines and columns of one file, checked against what Python's own parser says."""

from __future__ import annotations

import ast
import subprocess
import sys
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flake8_celery.source import Source, SourceError


def names(source: Source) -> list[tuple[str, str]]:
    """Every name in the tree, beside the text at its span."""
    found = []
    for node in ast.walk(source.parse()):
        if isinstance(node, ast.Name):
            row, column, end_row, end_column = source.span(node)
            start, end = source.offset(row, column), source.offset(end_row, end_column)
            found.append((node.id, source.text[start:end]))
    return found


def failure(text: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        Source.from_text(text, "a.py").parse()
    assert caught.value.kind == "syntax"
    return caught.value


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        (b"", "", "utf-8"),
        (b"x = 'e'", "x = 'e'", "utf-8"),
        ("x = 'é'".encode(), "x = 'é'", "utf-8"),
        (b"\xef\xbb\xbfx = 1", "x = 1", "utf-8-sig"),
        (b"\xef\xbb\xbf# coding: utf-8\nx", "# coding: utf-8\nx", "utf-8-sig"),
        (b"# coding: UTF_8\nx", "# coding: UTF_8\nx", "utf-8"),
        (b"# -*- coding: latin-1 -*- \xe9", "# -*- coding: latin-1 -*- é", "latin-1"),
        (b"#!/bin/sh \xe9\n# vim: fileencoding=latin-1", None, "latin-1"),
        (b"#!/bin/sh \xe9\r# vim: fileencoding=latin-1\rx", None, "latin-1"),
        (b"\n# coding=cp1252\n'\x80'", "\n# coding=cp1252\n'€'", "cp1252"),
        (b"x = 1\n# coding: latin-1\n", "x = 1\n# coding: latin-1\n", "utf-8"),
        (b"\n\n# coding: latin-1\n", "\n\n# coding: latin-1\n", "utf-8"),
    ],
)
def test_decodes_as_python_does(data: bytes, text: str | None, encoding: str) -> None:
    source = Source.decode(data, "a.py")
    assert source.encoding == encoding
    assert source.text.encode(source.encoding) == data
    if text is not None:
        assert source.text == text


@pytest.mark.parametrize(
    ("data", "row", "column"),
    [
        (b"x = '\xe9'", 1, 6),
        ("a\r\n'é".encode() + b"\xff'", 2, 3),
        (b"\xff\xfex\0", 1, 1),
        (b"# coding: nonsense\n", 1, 1),
        (b"# coding: hex\n", 1, 1),
        (b"# coding: idna\n\xff", 2, 1),
        (b"\xef\xbb\xbfx\n'\xff'", 2, 2),
        (b"# coding: undefined\n", 1, 1),
        (b"\xef\xbb\xbf# coding: latin-1\n", 1, 1),
    ],
)
def test_what_cannot_be_decoded_is_an_encoding_error(data: bytes, row: int, column: int) -> None:
    with pytest.raises(SourceError) as caught:
        Source.decode(data, "a.py")
    assert (caught.value.kind, caught.value.row, caught.value.column) == ("encoding", row, column)


@settings(deadline=None)
@given(st.binary() | st.binary().map(lambda tail: b"# coding: utf-7\n" + tail))
def test_arbitrary_bytes_decode_or_are_a_source_error(data: bytes) -> None:
    try:
        Source.decode(data, "a.py").parse()
    except SourceError as error:
        assert error.row >= 1
        assert error.column >= 1


@settings(deadline=None)
@given(st.text(alphabet="a\n\r\f\v\x1c\x85\u2028é😀"))
def test_lines_lose_nothing_and_offsets_find_them(text: str) -> None:
    source = Source.from_text(text, "a.py")
    assert "".join(source.lines) == text
    for row, line in enumerate(source.lines, 1):
        assert text.startswith(line, source.offset(row, 1))
    assert source.offset(len(source.lines) + 1, 1) == len(text)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("inside", ["\f", "\v", "\x1c", "\x85", "\u2028", "é", "😀", "\t"])
def test_rows_and_columns_agree_with_the_parser(inside: str, end: str) -> None:
    text = end.join(
        [
            "\fone",
            f"'{inside}'; two; '{inside}', three",
            "if four:",
            f"\tfive  # {inside}",
            f"six = '''{inside}",
            f"{inside}''', seven",
            "eight",
        ]
    )
    found = names(Source.from_text(text, "a.py"))
    assert len(found) == 8
    assert all(name == text for name, text in found)


def test_a_byte_order_mark_is_not_counted() -> None:
    assert names(Source.decode(b"\xef\xbb\xbfx\n", "a.py")) == [("x", "x")]
    assert names(Source.from_text("\ufeffx\n", "a.py")) == [("x", "x")]


def test_columns_count_code_points() -> None:
    source = Source.from_text("a\n'é😀', b\n", "a.py")
    assert source.column(2, len("'é😀', ".encode())) == 7
    assert source.column(1, 1) == 2


def test_a_row_that_does_not_exist_is_empty() -> None:
    source = Source.from_text("a", "a.py")
    assert (source.line(1), source.line(0), source.line(2)) == ("a", "", "")


def test_a_syntax_error_says_where() -> None:
    error = failure("x = 1\n'é' = (\n")
    assert (error.row, error.column) == (2, 7)
    assert error.message == "'(' was never closed"


def test_null_bytes_and_lone_surrogates_are_syntax_errors() -> None:
    error = failure("a\nb\0")
    assert "null bytes" in error.message
    assert error.row == 2
    failure("'\ud800'")


DEEP = {
    "parentheses": "'(' * 1000 + ')' * 1000",
    "attributes": "'a' + '.b' * 100_000",
    "sum": "' + '.join(['a'] * 100_000)",
    "unary": "'-' * 100_000 + '1'",
    "power": "'**'.join(['a'] * 100_000)",
    "calls": "'a' + '()' * 100_000",
    "lambdas": "'lambda: ' * 100_000 + '1'",
    "ternaries": "'a if b else ' * 100_000 + 'c'",
    "elif": "'if a: pass\\n' + 'elif a: pass\\n' * 50_000",
    "indents": "''.join(' ' * depth + 'if a:\\n' for depth in range(2_000))",
}


@pytest.mark.parametrize("nested", DEEP.values(), ids=DEEP)
def test_deep_nesting_never_crashes_the_interpreter(nested: str) -> None:
    program = (
        "from flake8_celery.source import Source, SourceError\n"
        f"try: tree = Source.from_text({nested}, 'a.py').parse(); del tree\n"
        "except SourceError: pass\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_warnings_of_the_parser_are_silent_and_the_filters_stay() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = list(warnings.filters)
        Source.from_text("'\\d'; 1 is 1", "a.py").parse()
        assert warnings.filters == before


def test_importing_the_module_does_not_import_the_parser() -> None:
    program = (
        "import sys; import flake8_celery.source; "
        "sys.exit(any(name in sys.modules for name in ('ast', 'tokenize', 'dataclasses')))"
    )
    assert subprocess.run([sys.executable, "-S", "-c", program], check=False).returncode == 0
