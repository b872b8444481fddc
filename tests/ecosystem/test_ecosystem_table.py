"""The table of rules is what the kept findings and counts say."""

from __future__ import annotations

import table
from run import Finding
from table import Count, read_counts, write_counts


def test_the_table_is_what_the_kept_findings_say() -> None:
    counts = read_counts(table.COUNTS.read_text(encoding="utf-8"))
    written = table.TABLE.read_text(encoding="utf-8")
    assert written == table.table(table.kept(), counts), "run tests/ecosystem/table.py"


def test_counts_are_read_as_they_were_written() -> None:
    counts = {"CEL010": Count(3, 1), "CEL055": Count(0, 0)}
    assert read_counts(write_counts(counts)) == counts


def test_rules_that_are_off_are_counted_and_not_judged() -> None:
    found = [
        Finding("a.py", 1, 1, "CEL010", "m", "true"),
        Finding("a.py", 2, 1, "CEL010", "m", "opinion: meant so"),
        Finding("a.py", 3, 1, "CEL010", "m"),
    ]
    counts = {"CEL010": Count(9, 4), "CEL055": Count(7, 2), "CEL011": Count(0, 1)}
    rows = table.table(found, counts).splitlines()[-4:]
    assert rows == [
        "| CEL010 | on | 3 | 1 | 1 | 0 | 1 | 4 |",
        "| CEL011 | on | 0 | 0 | 0 | 0 | 0 | 1 |",
        "| CEL055 | off | 7 | 0 | 0 | 0 | 7 | 2 |",
        "| all that are on |  | 3 | 1 | 1 | 0 | 1 | 5 |",
    ]
