"""Small real applications: what is found in them is what was found, and judged, before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import run
from fetch import UnreachableError, default_folder, fetch, read_pins
from fixes import fix_copy

SMALL = [
    "django-celery-beat",
    "django-celery-results",
    "flower",
    "invenio-jobs",
    "openwisp-controller",
    "openwisp-monitoring",
]


@pytest.mark.ecosystem
@pytest.mark.parametrize("name", SMALL)
def test_findings_are_those_on_file(name: str) -> None:
    if not run.findings_file(name).exists():
        pytest.skip(f"no findings on file: run tests/ecosystem/run.py {name}")
    assert run.difference(name, run.check(application(name))) == ""


@pytest.mark.ecosystem
@pytest.mark.parametrize("name", ["django-ca", "openwisp-monitoring", "pretix"])
def test_both_faces_find_the_same(name: str) -> None:
    folder = application(name)

    def lines(*words: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", *words, "--select", "CEL", "."],
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
        )
        found = (line.removeprefix("./").replace(" [*]", "") for line in done.stdout.splitlines())
        return sorted(found)

    check = ["check", "--isolated", "--no-cache", "-q", "--output-format", "concise"]
    found = lines("flake8_celery", *check)
    assert found and found == lines("flake8", "--isolated")


@pytest.mark.ecosystem
@pytest.mark.parametrize("name", ["django-ca", "openwisp-monitoring", "invenio-jobs"])
def test_every_fix_parses_and_takes_its_finding_away(name: str, tmp_path: Path) -> None:
    folder = application(name)
    line, wrong = fix_copy(folder, tmp_path / folder.name)
    assert wrong == [] and " 0 with a fix" not in line


def application(name: str) -> Path:
    try:
        return fetch(read_pins()[name], default_folder())
    except UnreachableError as error:
        pytest.skip(f"the application cannot be downloaded: {error}")
