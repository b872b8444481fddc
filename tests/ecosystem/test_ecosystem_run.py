"""The form of a findings file, and when a verdict outlives a new run."""

from __future__ import annotations

import json
import shlex
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fetch
import run
from run import Finding, keep_verdicts, read_findings, write_findings

RETRIES = Finding("app/tasks.py", 12, 5, "CEL105", "`poll` retries for ever")

texts = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1)
findings = st.builds(
    Finding,
    path=st.from_regex(r"[a-z]+/[a-z]+\.py", fullmatch=True),
    row=st.integers(1, 9999),
    column=st.integers(1, 200),
    code=st.from_regex(r"CEL[0-9]{3}", fullmatch=True),
    message=texts,
    verdict=st.none() | st.just("true") | texts.map("false: {}".format),
)


@given(st.lists(findings))
def test_a_findings_file_is_read_as_it_was_written(some: list[Finding]) -> None:
    assert read_findings(write_findings(some)) == some


@given(st.lists(findings, unique_by=lambda finding: finding[:5]))
def test_the_same_findings_keep_every_verdict(some: list[Finding]) -> None:
    new = [finding._replace(verdict=None) for finding in some]
    assert keep_verdicts(new, some) == sorted(some, key=run.order)


def test_a_message_may_hold_colons_and_hashes() -> None:
    line = "a.py:1:2: CEL301 unknown setting `x` (see b.py:3:4: `# true`)  # opinion: old name\n"
    (finding,) = read_findings(line)
    assert finding.message == "unknown setting `x` (see b.py:3:4: `# true`)"
    assert finding.verdict == "opinion: old name"


@pytest.mark.parametrize("line", ["", "tasks.py: CEL105 no row", "tasks.py:1:1:"])
def test_a_line_of_another_form_is_an_error(line: str) -> None:
    with pytest.raises(run.RunError, match="not a finding"):
        read_findings(f"{line}\n")


def test_a_verdict_stays_when_its_line_moves() -> None:
    old = [RETRIES._replace(verdict="true")]
    moved = RETRIES._replace(row=99)
    assert keep_verdicts([moved], old) == [moved._replace(verdict="true")]


@pytest.mark.parametrize(
    "change", [{"path": "app/other.py"}, {"code": "CEL106"}, {"message": "other words"}]
)
def test_a_verdict_goes_when_its_finding_becomes_another(
    change: dict[str, Any],
) -> None:
    old = [RETRIES._replace(verdict="true")]
    other = RETRIES._replace(**change)
    assert keep_verdicts([other], old) == [other]


def test_equal_findings_that_move_together_keep_their_order() -> None:
    old = [
        RETRIES._replace(row=1, verdict="true"),
        RETRIES._replace(row=2, verdict="false: no"),
    ]
    new = [RETRIES._replace(row=11), RETRIES._replace(row=12)]
    assert [finding.verdict for finding in keep_verdicts(new, old)] == [
        "true",
        "false: no",
    ]


def test_when_one_of_equal_findings_goes_only_those_in_place_keep_their_verdict() -> None:
    old = [RETRIES._replace(row=row, verdict="true") for row in (1, 2, 3)]
    new = [RETRIES._replace(row=2), RETRIES._replace(row=4)]
    assert [finding.verdict for finding in keep_verdicts(new, old)] == ["true", None]


def test_the_summary_counts_each_rule() -> None:
    table = run.summary(
        [
            RETRIES._replace(verdict="true"),
            RETRIES._replace(verdict="false: it stops"),
            RETRIES._replace(verdict="opinion: on purpose"),
            RETRIES._replace(code="CEL101"),
        ]
    )
    assert table.splitlines() == [
        "| rule | findings | true | false | opinion | unjudged |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| CEL101 | 1 | 0 | 0 | 0 | 1 |",
        "| CEL105 | 3 | 1 | 1 | 1 | 0 |",
        "| all | 4 | 1 | 1 | 1 | 1 |",
    ]


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A command that finds one thing in whatever application it is given."""
    pins = tmp_path / "pins.txt"
    pins.write_text("demo==1  # demo-1-py3-none-any.whl sha256:00\n")
    (tmp_path / "demo-1").mkdir()
    monkeypatch.setattr(fetch, "PINS", pins)
    monkeypatch.setattr(run, "FINDINGS", tmp_path / "findings")
    script = tmp_path / "tool.py"
    found = {
        "code": "CEL105",
        "name": "x",
        "message": "m",
        "location": {"row": 3, "column": 1},
    }
    script.write_text(
        f"import json, sys\nfound = {json.dumps(found)}\n"
        "print(json.dumps([found | {'filename': sys.argv[-1] + '/a/b.py'}]))\n"
    )
    return shlex.join([sys.executable, str(script)])


def test_write_then_check_then_change(
    tool: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["demo", "--into", str(tmp_path), "--command", tool]
    written = tmp_path / "findings" / "demo.txt"
    assert run.main(arguments) == 0
    assert written.read_text() == "a/b.py:3:1: CEL105 m\n"

    written.write_text("a/b.py:3:1: CEL105 m  # true\n")
    assert run.main([*arguments, "--check"]) == 0
    assert run.main(arguments) == 0
    assert written.read_text() == "a/b.py:3:1: CEL105 m  # true\n"

    written.write_text("a/c.py:3:1: CEL105 m  # true\n")
    capsys.readouterr()
    assert run.main([*arguments, "--check"]) == 1
    assert "-a/c.py:3:1: CEL105 m  # true\n+a/b.py:3:1: CEL105 m\n" in capsys.readouterr().out


def test_a_tool_that_fails_is_reported_and_changes_nothing(
    tool: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = shlex.join([sys.executable, "-c", "raise SystemExit('broken')"])
    assert run.main(["demo", "--into", str(tmp_path), "--command", broken]) == 2
    assert "broken" in capsys.readouterr().err
    assert not (tmp_path / "findings").exists()


def test_an_archive_that_reaches_outside_its_folder_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "demo-1-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as wheel:
        wheel.writestr("../outside.py", "")
    with pytest.raises(fetch.FetchError, match="outside"):
        fetch.unpack(archive, tmp_path / "apps" / "demo-1")
    assert list((tmp_path / "apps").iterdir()) == []
