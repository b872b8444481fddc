"""What the benchmark relies on: old copies of Python files alone, fair rounds, a hidden plugin."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import benchmark
from benchmark import Case, Command


@pytest.fixture
def applications(tmp_path: Path) -> Path:
    folder = tmp_path / "applications"
    for name in ("a-1", "b-1", "celery-5", ".hidden"):
        (folder / name / "package").mkdir(parents=True)
        (folder / name / "package" / "module.py").write_text("x = 1\n" * 10)
        (folder / name / "readme.txt").write_text("words\n")
    return folder


def test_applications_are_copied_until_there_are_enough_lines(applications: Path) -> None:
    target = applications.parent / "tree"
    tree = benchmark.build_tree(applications, target, 5)
    assert (tree.applications, tree.files, tree.lines) == ({target / "a-1": 10}, 1, 10)
    (copy,) = (path for path in target.rglob("*") if path.is_file())
    assert copy == target / "a-1" / "package" / "module.py"
    assert copy.stat().st_mtime == benchmark.LONG_AGO


def test_too_few_lines_end_the_benchmark(applications: Path) -> None:
    with pytest.raises(SystemExit, match="20 lines of Python, not the 500 asked for"):
        benchmark.build_tree(applications, applications.parent / "tree", 500)


def test_a_command_of_two_cases_runs_once_per_round(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def note(word: str) -> Command:
        script = f"open({str(log)!r}, 'a').write({word!r})"
        return Command([sys.executable, "-S", "-c", script])

    cases = [Case("one", note("a"), note("b")), Case("two", note("c"), note("a"))]
    (first, second) = benchmark.measure(cases, runs=2)
    assert log.read_text() == "abc" * 3
    assert first[0] == second[1]


def test_a_command_that_fails_ends_the_benchmark() -> None:
    with pytest.raises(SystemExit, match="out of order"):
        benchmark.run(Command([sys.executable, "-c", "raise SystemExit('out of order')"]))


@pytest.mark.parametrize(("hidden", "listed"), [("nothing", True), ("mccabe", False)])
def test_flake8_does_not_see_a_hidden_distribution(hidden: str, listed: bool) -> None:
    command = [sys.executable, str(benchmark.HERE / "hidden_flake8.py"), hidden, "--version"]
    assert ("mccabe" in subprocess.check_output(command, text=True)) is listed
