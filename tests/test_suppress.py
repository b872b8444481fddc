"""What a comment silences, row by row against what ruff and flake8 themselves did.

`data/noqa_oracle.json` holds, for each spelling of a suppression, the findings that ruff 0.17.5
and flake8 7.5.0 left. `{A}` fires on each name that begins with "bad", `{B}` on each semicolon.
"""

from __future__ import annotations

import argparse
import io
import json
import tokenize
from pathlib import Path
from typing import Any

import pytest
from flake8.processor import FileProcessor
from flake8.violation import Violation
from hypothesis import given, settings
from hypothesis import strategies as st

from flake8_celery.source import Source
from flake8_celery.suppress import Suppressions

CODES = {
    "A": "CEL105",
    "B": "CEL203",
    "X": "CEL600",
    "P": "CEL1",
    "P2": "CEL10",
    "L": "CEL",
    "a": "cel105",
    "N": "celery-infinite-retries",
}
NAMES = {CODES["A"]: CODES["N"], CODES["B"]: "celery-other"}

ORACLE = json.loads((Path(__file__).parent / "data" / "noqa_oracle.json").read_text("utf-8"))

Row = dict[str, Any]
Reported = set[tuple[int, str]]

NAMES_NEED_PREVIEW_IN_RUFF = {"# ruff: ignore[{N}]"}
"""The only rows that differ: there ruff takes a rule's name only under `--preview`."""


def fill(text: str) -> str:
    for key, code in CODES.items():
        text = text.replace(f"{{{key}}}", code)
    return text


def fired(source: Source) -> list[tuple[str, tuple[int, int, int, int]]]:
    findings = []
    lines = iter(source.lines)
    for token in tokenize.generate_tokens(lambda: next(lines, "")):
        if token.string.startswith("bad") or token.string == ";":
            code = CODES["B"] if token.string == ";" else CODES["A"]
            (row, start), (_, end) = token.start, token.end
            findings.append((code, (row, start + 1, row, end + 1)))
    return findings


def expected(row: Row, tool: str) -> Reported:
    return {(at, fill(code)) for at, code in row[tool] if not code.startswith("RUF")}


def left_by_ruff_rules(source: Source) -> Reported:
    suppressions = Suppressions.of(source)
    return {
        (span[0], code)
        for code, span in fired(source)
        if not suppressions.silences(code, NAMES[code], span)
    }


def left_by_flake8(source: Source, with_plugin: bool) -> Reported:
    """What flake8's own code leaves of the findings that the plugin gives it."""
    options = argparse.Namespace(
        hang_closing=False,
        indent_size=4,
        max_line_length=79,
        max_doc_length=None,
        verbose=0,
        stdin_display_name="stdin",
        disable_noqa=False,
    )
    # As flake8 reads a file: with universal newlines.
    lines = io.StringIO(source.text, newline=None).readlines()
    processor = FileProcessor("t.py", options, lines)
    if processor.should_ignore_file():
        return set()
    suppressions = Suppressions.of(source)
    reported = set()
    for code, span in fired(source):
        if with_plugin and suppressions.silences_in_plugin(code, NAMES[code], span):
            continue
        line = processor.noqa_line_for(span[0])
        if not Violation(code, "t.py", span[0], span[1], "", line).is_inline_ignored(False):
            reported.add((span[0], code))
    return reported


def rows() -> list[Any]:
    return [
        pytest.param(row, id=f"{row['kind']} {row['name']}".encode("unicode_escape").decode())
        for row in ORACLE["rows"]
    ]


@pytest.mark.parametrize("row", rows())
def test_check_silences_what_ruff_silences(row: Row) -> None:
    source = Source.from_text(fill(row["source"]), "t.py")
    if row["name"] in NAMES_NEED_PREVIEW_IN_RUFF:
        assert expected(row, "ruff") - left_by_ruff_rules(source) == {(1, CODES["A"])}
        return
    assert left_by_ruff_rules(source) == expected(row, "ruff")


@pytest.mark.parametrize("row", rows())
def test_ruff_warns_of_the_same_comments(row: Row) -> None:
    suppressions = Suppressions.of(Source.from_text(fill(row["source"]), "t.py"))
    warned = [text for _, text in suppressions.warnings if not text.startswith("Missing")]
    assert bool(warned) == row["ruff_warning"]
    invalid = [at for at, code in row["ruff"] if code == "RUF103"]
    assert [at for at, _ in suppressions.invalid] == invalid
    unmatched = [at for at, code in row["ruff"] if code == "RUF104"]
    assert set(unmatched) <= {directive.row for directive in suppressions.unmatched}


@pytest.mark.parametrize("row", rows())
def test_the_plugin_adds_the_ruff_forms_to_what_flake8_does(row: Row) -> None:
    source = Source.from_text(fill(row["source"]), "t.py")
    assert left_by_flake8(source, with_plugin=False) == expected(row, "flake8")
    together = left_by_flake8(source, with_plugin=True)
    if "ruff" in row["name"] or row["kind"] == "range":
        # What only the plugin knows is silent in both faces.
        plain_noqa = "noqa" in row["source"] and "ruff: noqa" not in row["source"]
        if not plain_noqa:
            assert together <= left_by_ruff_rules(source)
    else:
        assert together == expected(row, "flake8")


def only(text: str) -> Suppressions:
    return Suppressions.of(Source.from_text(text, "t.py"))


LIST = "a comma-separated list of codes (e.g., `# noqa: F401, F841`)."
CODE = "expected code to consist of uppercase letters followed by digits only (e.g. `F401`)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x  # noqa:", f"Invalid `# noqa` directive on {{path}}:1: expected {LIST}"),
        (
            "x  # noqa- x",
            f"Invalid `# noqa` directive on {{path}}:1: expected `:` followed by {LIST}",
        ),
        ("x  # noqa: A1.", f"Invalid `# noqa` directive on {{path}}:1: {CODE}"),
        (
            "x  # noqa: A1B2",
            "Missing or joined rule code(s) at {path}:1: "
            "expected comma or space delimiter between codes",
        ),
        (
            "x  # noqa: A1,,B2",
            "Missing or joined rule code(s) at {path}:1: expected rule code between commas",
        ),
        (
            "x  # flake8: noqa",
            "Unexpected `# ruff: noqa` directive at {path}:1. File-level suppression comments "
            "must appear on their own line. For line-level suppression, omit the `ruff:` prefix.",
        ),
        ("# flake8: noqa: E1.", f"Invalid `# ruff: noqa` directive at {{path}}:1: {CODE}"),
    ],
)
def test_warnings_are_ruffs(text: str, message: str) -> None:
    assert only(text).warnings == [(1, message)]


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("# ruff: bogus[A1]", "unknown ruff directive"),
        ("# ruff: ignore", "missing suppression codes like `[E501, ...]`"),
        ("# ruff: ignore[]", "missing suppression codes like `[E501, ...]`"),
        ("# ruff: ignore[A1", "missing closing bracket"),
        ("# ruff: ignore[A1 # ruff: ignore[A1]", "missing comma between codes"),
        ("# ruff: ignore[A1 B2]", "missing comma between codes"),
        ("# ruff: ignore[1]", "invalid error code"),
        ("# ruff: enable[A1]", "no matching 'disable' comment"),
        (
            "x  # ruff: disable[A1]",
            "trailing comments are only supported for ruff:ignore suppressions",
        ),
        (" # ruff: file-ignore[A1]", "file-level suppressions must be at global module scope"),
        (" # ruff: disable[A1]", "unexpected indentation"),
    ],
)
def test_reasons_are_ruffs(comment: str, reason: str) -> None:
    assert only(f"{comment}\nx\n").invalid == [(1, f"Invalid suppression comment: {reason}")]


def test_an_ignore_reaches_what_starts_there_and_a_disable_what_lies_between() -> None:
    ignore = only("x = [  # ruff: ignore[CEL105]\n    1,\n]\n")
    assert ignore.silences("CEL105", "", (1, 1, 3, 2))
    disable = only("# ruff: disable[CEL105]\nx = [\n# ruff: enable[CEL105]\n    1,\n]\n")
    assert disable.silences("CEL105", "", (2, 1, 2, 2))
    assert not disable.silences("CEL105", "", (2, 1, 5, 2))


def test_names_are_for_the_bracket_forms_alone() -> None:
    for form in ("ignore", "file-ignore", "disable"):
        assert only(f"# ruff: {form}[celery-x]\nx\n").silences("CEL105", "celery-x", (2, 1, 2, 2))
    assert not only("x  # noqa: CEL1\n").silences("CEL105", "CEL1", (1, 1, 1, 2))


def test_the_row_of_a_noqa() -> None:
    source = Source.from_text(
        'x = a + \\\n    b\ny = """\n""" + c + \\\n    """\n"""\nz = "a\\\nb"\n', "t.py"
    )
    assert [Suppressions.of(source).noqa_row(row) for row in range(1, 9)] == [
        *(2, 2),
        *(6, 6, 6, 6),
        *(7, 8),
    ]
    assert only("x  # noqa\n").noqa_row(1) == 1


def test_directives_are_kept_as_records() -> None:
    source = Source.from_text(
        "é = 1  # why # noqa: A1, B2 because\n# ruff: file-ignore[C3] x\n", "t.py"
    )
    noqa, ignore = Suppressions.of(source).directives
    assert (noqa.row, noqa.kind, noqa.codes) == (1, "noqa", ("A1", "B2"))
    assert noqa.span == (1, 14, 1, 36)
    assert (ignore.row, ignore.kind, ignore.codes) == (2, "ruff: file-ignore", ("C3",))
    assert ignore.span == (2, 1, 2, 26)


def test_without_the_words_nothing_is_tokenized(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenize, "generate_tokens", None)
    assert only("x = 1  # a comment\n").directives == []


PIECES = ["# noqa", "# ruff:", "ignore", "disable", "enable", "[A1]", ": A1", '"""', "\\", "\n"]
PIECES += [" ", "    ", "(", "]", "if x:", "\r", "\f", "\0", "é", "\ud800", "f'''{", "'"]


@settings(deadline=None)
@given(st.text() | st.lists(st.sampled_from(PIECES)).map("# noqa\n".join))
def test_arbitrary_text_never_raises(text: str) -> None:
    suppressions = only(text)
    for row in range(4):
        suppressions.silences("A1", "n", (row, 1, row, 2))
        suppressions.silences_in_plugin("A1", "n", (row, 1, row, 2))
        assert suppressions.noqa_row(row) >= row
