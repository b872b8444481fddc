"""`check --output-file` and `--color`, and the variables that stand for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flake8_celery.cli import main
from flake8_celery.output import FORMATS


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one problem, and an environment that says nothing about output."""
    (tmp_path / "a.py").write_text("import celery\ndef f(:\n")
    monkeypatch.chdir(tmp_path)
    for name in ("OUTPUT_FORMAT", "OUTPUT_FILE"):
        monkeypatch.delenv(f"FLAKE8_CELERY_{name}", raising=False)
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "FORCE_HYPERLINK"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def check(*arguments: str) -> int:
    return main(["check", "--isolated", "--no-cache", *arguments])


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_can_be_asked_for(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--output-format", name) == 1
    assert "invalid-syntax" in capsys.readouterr().out


def test_the_output_goes_to_a_file_without_colours(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check("-o", "new/report.txt", "--color", "always", "--output-format", "concise") == 1
    assert capsys.readouterr().out == ""
    lines = (project / "new" / "report.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("a.py:2:")
    assert lines[-1] == "Found 1 error."


def test_a_file_that_cannot_be_written_is_a_mistake(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check("--output-file", "a.py/report.txt") == 2
    assert "cannot write a.py/report.txt" in capsys.readouterr().err


def test_variables_stand_for_flags(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLAKE8_CELERY_OUTPUT_FORMAT", "json")
    monkeypatch.setenv("FLAKE8_CELERY_OUTPUT_FILE", "report.json")
    assert check() == 1
    assert capsys.readouterr().out == ""
    assert json.loads((project / "report.json").read_text())[0]["code"] == "invalid-syntax"


def test_colours_are_for_terminals_unless_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for flags in ([], ["--color", "auto"], ["--color", "never"]):
        check(*flags)
        assert "\x1b[" not in capsys.readouterr().out
    check("--color", "always")
    assert "\x1b[1m\x1b[91minvalid-syntax:\x1b[0m" in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    check()
    assert "\x1b[1m\x1b[94m--> \x1b[0ma.py:2:" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["grouped", "json-lines", "sarif"])
def test_statistics_know_only_the_formats_that_ruff_does(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check("--statistics", "--output-format", name) == 2
    shown = {"grouped": "Grouped", "json-lines": "JsonLines", "sarif": "Sarif"}[name]
    message = f"Unsupported serialization format for statistics: {shown}"
    assert message in capsys.readouterr().err
