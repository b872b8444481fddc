"""The sample projects: every seeded defect is found at its line, and nothing else is."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from flake8_celery.rule import load_rules

from .conftest import ROOT, Place
from .pages import MARKER

PROJECTS = ROOT / "tests" / "projects"
ROW = re.compile(r"^\| (CEL\d{3}) \| `([\w/.]+):(\d+)` \|")

Found = Counter[tuple[str, str, int]]


def marked(project: str) -> Found:
    """(code, path, row) of each marker in a project."""
    places: Found = Counter()
    for path in sorted((PROJECTS / project).rglob("*.py")):
        name = path.relative_to(PROJECTS / project).as_posix()
        for row, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for marker in MARKER.finditer(line):
                for code in re.findall(r"CEL\d{3}", marker.group(1)):
                    places[code, name, row] += 1
    return places


def found(place: Place, project: str) -> Found:
    """(code, path, row) of each finding of the default rules, by `check`."""
    shutil.copytree(PROJECTS / project, place.folder / project)
    ran = place.check("-q", "--output-format", "concise", project)
    assert ran.err == ""
    places: Found = Counter()
    for line in ran.out.splitlines():
        path, row, _, text = line.removeprefix(f"{project}/").split(":", 3)
        places[text.split()[0], path, int(row)] += 1
    return places


def shown(places: Found) -> list[str]:
    return sorted(f"{code} {path}:{row}" for code, path, row in places)


def test_every_seeded_defect_is_found(place: Place) -> None:
    assert shown(marked("shop") - found(place, "shop")) == []


def test_nothing_else_is_found(place: Place) -> None:
    assert shown(found(place, "shop") - marked("shop")) == []


@pytest.mark.parametrize("project", ["shop", "shop_repaired"])
def test_both_faces_find_the_same(place: Place, project: str) -> None:
    shutil.copytree(PROJECTS / project, place.folder / project)
    flags = ("--select", "CEL", project)
    ran = place.check("-q", "--output-format", "concise", *flags)
    found = sorted(ran.out.replace(" [*]", "").splitlines())
    assert sorted(place.flake8(*flags).out.splitlines()) == found


def test_the_repaired_project_is_silent(place: Place) -> None:
    assert shown(found(place, "shop_repaired")) == []
    assert marked("shop_repaired") == Counter()


def test_the_table_agrees_with_the_markers() -> None:
    table: Found = Counter()
    for line in (PROJECTS / "README.md").read_text(encoding="utf-8").splitlines():
        if row := ROW.match(line):
            table[row[1], row[2], int(row[3])] += 1
    assert shown(table - marked("shop")) == []
    assert shown(marked("shop") - table) == []


def test_the_markers_are_of_rules_that_exist() -> None:
    rules = load_rules()
    assert sorted({code for code, _, _ in marked("shop")} - set(rules)) == []


def test_flake8_says_the_same(place: Place) -> None:
    wanted = found(place, "shop")
    ran = place.flake8("--select", "CEL", "shop")
    assert ran.err == ""
    said: Found = Counter()
    for line in ran.out.splitlines():
        path, row, _, text = line.removeprefix("shop/").split(":", 3)
        said[text.split()[0], path, int(row)] += 1
    optional = {code for code, _, _ in said - wanted}
    assert wanted - said == Counter()
    on = ("correctness", "suspicious", "security", "performance")
    assert not [code for code in optional if load_rules()[code].category in on]


@pytest.mark.parametrize("project", ["shop", "shop_repaired"])
def test_the_sample_is_python(project: str) -> None:
    for path in Path(PROJECTS / project).rglob("*.py"):
        compile(path.read_text(encoding="utf-8"), str(path), "exec")
