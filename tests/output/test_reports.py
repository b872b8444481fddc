"""The formats that other programs read: that they can, and what they find there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from flake8_celery import output
from flake8_celery.diagnostic import Diagnostic, Texts
from flake8_celery.files import read
from flake8_celery.rule import SAFE, Edit, Fix, load_rules

URL = "https://github.com/flake8-celery/flake8-celery/blob/main/rule_docs/CEL010.md"


def diagnostic(path: str, row: int, code: str = "CEL010", fix: Fix | None = None) -> Diagnostic:
    """A finding on a row of a file, or (`code`) another problem there."""
    span = (row, 1, row, 4)
    if code == "invalid-syntax":
        return Diagnostic(path, span, code, code, "a `<` & a \x07\uffff", False, None, (), None)
    name = "celery-missing-time-limit"
    return Diagnostic(path, span, code, name, f"about row {row}", True, URL, (), fix)


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Diagnostic]:
    """Two findings in one file, one of them with a fix, and a broken file outside."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "a b,é.py").write_text("app\nx\n", encoding="utf-8")
    (tmp_path / "broken.py").write_text("def f(:\n", encoding="utf-8")
    monkeypatch.chdir(project)
    monkeypatch.delenv("CI_PROJECT_DIR", raising=False)
    path = os.path.join(os.getcwd(), "a b,é.py")
    fix = Fix("Say so", SAFE, (Edit((1, 1, 1, 4), "APP"), Edit((2, 1, 2, 2), "")))
    broken = os.path.join(os.path.dirname(os.getcwd()), "broken.py")
    return [
        diagnostic(path, 1, fix=fix),
        diagnostic(path, 2),
        diagnostic(broken, 1, "invalid-syntax"),
    ]


def render(name: str, found: list[Diagnostic]) -> str:
    return output.render(name, found, Texts(read))


def test_sarif_says_how_columns_are_counted_and_where_paths_start(found: list[Diagnostic]) -> None:
    log = json.loads(render("sarif", found))
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    run = log["runs"][0]
    assert run["columnKind"] == "unicodeCodePoints"
    root = run["originalUriBaseIds"]["SRCROOT"]["uri"]
    assert root.startswith("file:///") and root.endswith("/project/")
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert [place["artifactLocation"].get("uri") for place in places[:2]] == [
        "a%20b%2C%C3%A9.py"
    ] * 2
    assert places[0]["artifactLocation"]["uriBaseId"] == "SRCROOT"
    assert places[0]["region"] == {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 4}
    # What is not below the working directory has a whole address.
    outside = places[2]["artifactLocation"]
    assert outside == {"uri": root.removesuffix("project/") + "broken.py"}


def test_sarif_describes_the_rules_that_results_belong_to(found: list[Diagnostic]) -> None:
    run = json.loads(render("sarif", found))["runs"][0]
    (rule,) = run["tool"]["driver"]["rules"]
    assert [result.get("ruleIndex") for result in run["results"]] == [0, 0, None]
    assert (rule["id"], rule["name"]) == ("CEL010", "celery-missing-time-limit")
    assert rule["shortDescription"]["text"] == load_rules()["CEL010"].says
    assert rule["fullDescription"]["text"].startswith("Looks for apps whose tasks have no time")
    assert "## Why is this bad?" in rule["help"]["markdown"]
    assert rule["helpUri"] == URL
    assert rule["defaultConfiguration"] == {"enabled": True, "level": "error"}
    assert rule["properties"]["problem.severity"] == "error"


def test_sarif_fixes_leave_out_the_content_of_a_deletion(found: list[Diagnostic]) -> None:
    results = json.loads(render("sarif", found))["runs"][0]["results"]
    assert [len(result.get("fixes", ())) for result in results] == [1, 0, 0]
    (fix,) = results[0]["fixes"]
    assert fix["description"] == {"text": "Say so"}
    change, deletion = fix["artifactChanges"][0]["replacements"]
    assert change["insertedContent"] == {"text": "APP"}
    assert "insertedContent" not in deletion


@pytest.mark.parametrize("name", ["gitlab", "sarif"])
def test_fingerprints_outlive_changes_of_rows(name: str, found: list[Diagnostic]) -> None:
    def fingerprints(found: list[Diagnostic]) -> list[str]:
        report = json.loads(render(name, found))
        if name == "gitlab":
            return [issue["fingerprint"] for issue in report]
        results = report["runs"][0]["results"]
        return [result["partialFingerprints"]["flake8Celery/v1"] for result in results]

    moved = [d._replace(span=(d.span[0] + 5, 1, d.span[0] + 5, 4)) for d in found]
    assert fingerprints(moved) == fingerprints(found)
    assert len(set(fingerprints(found))) == 3


def test_gitlab_paths_are_relative_to_the_project_of_ci(
    found: list[Diagnostic], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_PROJECT_DIR", os.path.dirname(os.getcwd()))
    paths = [issue["location"]["path"] for issue in json.loads(render("gitlab", found))]
    assert paths == ["project/a b,é.py", "project/a b,é.py", "broken.py"]


def test_junit_is_well_formed_whatever_a_message_holds(found: list[Diagnostic]) -> None:
    root = ElementTree.fromstring(render("junit", found).encode())
    assert root.attrib == {
        "name": "flake8-celery",
        "tests": "3",
        "skipped": "0",
        "failures": "3",
        "errors": "0",
    }
    assert [len(suite) for suite in root] == [2, 1]
    assert root[0][0].attrib["name"] == "org.flake8-celery.CEL010"
    failure = root[1][0].find("failure")
    assert failure is not None
    assert failure.attrib["message"] == "a `<` & a "
    assert failure.text == "line 1, col 1, a `<` & a "


def test_one_passed_test_says_that_nothing_was_found() -> None:
    root = ElementTree.fromstring(render("junit", []).encode())
    assert (root.attrib["tests"], root.attrib["failures"]) == ("1", "0")
    assert root[0][0].attrib["name"] == "No errors found"
    assert len(root[0][0]) == 0


@pytest.mark.parametrize("name", output.FORMATS)
def test_nothing_found_is_an_empty_report(name: str) -> None:
    text = render(name, [])
    if name in ("json", "gitlab"):
        assert text == "[]"
    elif name == "rdjson":
        assert json.loads(text)["diagnostics"] == []
    elif name == "sarif":
        run = json.loads(text)["runs"][0]
        assert run["results"] == run["tool"]["driver"]["rules"] == []
    elif name != "junit":
        assert text == ""
