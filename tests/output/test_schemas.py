"""Reports as programs of others read them: by the schema of SARIF, and by a reader of JUnit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from junitparser import Failure, JUnitXml

from flake8_celery.output import FORMATS

from ..conftest import ROOT, Place

SARIF = json.loads((ROOT / "tests" / "data" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
BROKEN = "import celery\ndef f(:\n"
# Findings with fixes of all kinds, with evidence in another file, and with strange names.
PROJECT = {
    "a.py": "import celery\nfrom b import name\nmended()\nperhaps()\n"
    "plain('<&\"é😀')\nacross(name)\n",
    "b.py": "import celery\ndef name():\n    '''\n    '''; plain()\n",
    "c d,é&.py": "import celery\nplain(\n  1)\n",
    "broken.py": BROKEN,
}
PROJECTS = {"many": PROJECT, "broken": {"broken.py": BROKEN}, "nothing": {"a.py": "x = 1\n"}}


def report(place: Place, project: str, name: str) -> str:
    place.put(dict(PROJECTS[project]))
    ran = place.check("--output-format", name)
    assert ran.code == (project != "nothing") and ran.err == ""
    return ran.out


def mistakes(log: Any) -> Iterator[str]:
    for error in Draft202012Validator(SARIF).iter_errors(log):
        yield f"{error.json_path}: {error.message}"


@pytest.mark.parametrize("project", PROJECTS)
def test_sarif_is_valid(place: Place, project: str) -> None:
    assert list(mistakes(json.loads(report(place, project, "sarif")))) == []


def test_sarif_of_the_samples_is_valid(place: Place) -> None:
    ran = place.check("--select", "CEL", "--output-format", "sarif", str(ROOT / "tests/projects"))
    log = json.loads(ran.out)
    assert len(log["runs"][0]["results"]) > 10
    assert list(mistakes(log)) == []


def test_the_schema_sees_mistakes(place: Place) -> None:
    Draft202012Validator.check_schema(SARIF)
    log = json.loads(report(place, "many", "sarif"))
    result = log["runs"][0]["results"][0]
    result["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    del result["message"]
    log["runs"][0]["columnKind"] = "bytes"
    assert len(list(mistakes(log))) == 3


@pytest.mark.parametrize("project", PROJECTS)
def test_a_reader_of_junit_finds_what_was_found(place: Place, project: str) -> None:
    found = json.loads(report(place, project, "json"))
    path = Path(place.folder, "report.xml")
    path.write_text(report(place, project, "junit"), encoding="utf-8")
    xml = JUnitXml.fromfile(str(path))
    failures = [
        (suite.name, case.name.removeprefix("org.flake8-celery."), failure.message)
        for suite in xml
        for case in suite
        for failure in case.result
        if isinstance(failure, Failure)
    ]
    assert failures == [(item["filename"], item["code"], item["message"]) for item in found]
    assert (xml.tests, xml.failures, xml.errors) == (len(found) or 1, len(found), 0)


@pytest.mark.parametrize("name", FORMATS)
def test_a_disk_that_is_full_is_told(place: Place, name: str) -> None:
    place.put(dict(PROJECT))
    if not Path("/dev/full").exists():
        pytest.skip("no device that is always full")
    ran = place.check("--output-format", name, "--output-file", "/dev/full")
    assert ran.code == 2
    assert "cannot write /dev/full: No space left on device" in ran.err
