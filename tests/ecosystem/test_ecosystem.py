"""Small real applications: what is found in them is what was found, and judged, before."""

from __future__ import annotations

from pathlib import Path

import pytest

import run
from fetch import UnreachableError, default_folder, fetch, read_pins

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


def application(name: str) -> Path:
    try:
        return fetch(read_pins()[name], default_folder())
    except UnreachableError as error:
        pytest.skip(f"the application cannot be downloaded: {error}")
