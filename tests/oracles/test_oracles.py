"""What `inspect` says of a project is what Celery says when it runs it, or it says nothing.

Each folder in `projects` is a small project that runs.  `truth.py` starts it under the installed
Celery, with no connection, and `compare.py` holds the answers side by side.  In a project's
`oracle.json`, `open` lists the facts that nobody can read from the files (an environment variable,
a computed name), `error` the exception that stops Celery itself, and `needs` the packages besides
Celery without which the project does not run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from flake8_celery.cli import main

from .compare import OPEN, RIGHT, WRONG, Fact, compare

celery = pytest.importorskip("celery")
HERE = Path(__file__).parent

if not hasattr(os, "fork"):
    pytest.skip("each project runs in a forked process", allow_module_level=True)


def oracle_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "oracle.json").read_text())
    return found


PROJECTS = [
    path.parent
    for path in sorted((HERE / "projects").glob("*/oracle.json"))
    if all(find_spec(name) for name in oracle_of(path.parent).get("needs", []))
]


@cache
def truths() -> dict[str, Any]:
    """What Celery says of every project."""
    done = subprocess.run(
        [sys.executable, str(HERE / "truth.py"), *map(str, PROJECTS)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return {Path(path).name: truth for path, truth in found.items()}


@pytest.fixture(autouse=True)
def for_the_installed_celery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Says in a configuration which release `inspect` is to think of: settings are looked up in
    another order since 5.7."""
    release = ".".join(celery.__version__.split(".")[:2])
    (tmp_path / "target.toml").write_text(f'target-celery = "{release}"\n')
    monkeypatch.setenv("TARGET", str(tmp_path / "target.toml"))


def inspected(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What `inspect` says of a project."""
    capsys.readouterr()
    arguments = ["--output-format", "json", "--config", os.environ["TARGET"], "--no-cache"]
    assert main(["inspect", str(folder), *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    found: dict[str, Any] = json.loads(out)
    return found


def facts_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> list[Fact]:
    truth = truths()[folder.name]
    assert "error" not in truth, truth
    return compare(inspected(folder, capsys), truth)


def listed(facts: list[Fact]) -> str:
    return "\n".join(f"{fact.what}: {fact.detail}" for fact in facts)


RUNNING = [folder for folder in PROJECTS if "error" not in oracle_of(folder)]
STOPPED = [folder for folder in PROJECTS if "error" in oracle_of(folder)]


@pytest.mark.parametrize("folder", RUNNING, ids=lambda folder: folder.name)
def test_no_answer_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = [fact for fact in facts_of(folder, capsys) if fact.verdict == WRONG]
    assert not wrong, listed(wrong)


@pytest.mark.parametrize("folder", RUNNING, ids=lambda folder: folder.name)
def test_what_is_undecided_is_what_nobody_can_read(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_facts = {fact.what: fact for fact in facts_of(folder, capsys) if fact.verdict == OPEN}
    expected = set(oracle_of(folder).get("open", []))
    assert all(fact.detail for fact in open_facts.values())
    unexpected = [fact for what, fact in open_facts.items() if what not in expected]
    assert not unexpected, listed(unexpected)


@pytest.mark.parametrize("folder", STOPPED, ids=lambda folder: folder.name)
def test_where_celery_does_not_start_nothing_is_claimed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert oracle_of(folder)["error"] in truths()[folder.name]["error"]
    shown = inspected(folder, capsys)
    assert shown["undecided"]
    for app in shown["apps"]:
        assert not app["closed"] or not any(value["known"] for value in app["config"].values())


def test_nearly_everything_that_is_there_is_resolved(capsys: pytest.CaptureFixture[str]) -> None:
    there = resolved = 0
    for folder in RUNNING:
        expected = set(oracle_of(folder).get("open", []))
        facts = [fact for fact in facts_of(folder, capsys) if fact.what not in expected]
        there += len(facts)
        resolved += sum(fact.verdict == RIGHT for fact in facts)
    assert len(PROJECTS) >= 40
    assert resolved >= 0.95 * there, f"{resolved} of {there}"
