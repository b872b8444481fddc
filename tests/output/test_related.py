"""Evidence in other places, in the frames of ruff's F811, which has a place and a label there."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from flake8_celery import output
from flake8_celery.diagnostic import Diagnostic, RelatedPlace, Texts
from flake8_celery.files import read
from flake8_celery.output.color import Style
from flake8_celery.output.full import Place, frames
from flake8_celery.source import Span

from . import twin

CASES = {
    "next to it": "import os\nimport os\n",
    "on the same line": "import os; import os\n",
    "in the same frame": "import os\n\n# between\nx = 1\n\nimport os\n",
    "in a frame of its own": "import os\n" + "\n" * 10 + "import os\n\n\n",
    "far away": "import os\n" + "x = 1\n" * 120 + "import os\n",
    "several lines": "from a import (\n os,\n os\n)\n",
    "indented": "if 1:\n" + (" " * 50 + "import os\n") * 2,
    "wide": "s = '漢😀'; import os\ns = '漢😀'; import os\n",
    "a long line": f"from b import {'c' * 100} as os, {'d' * 100}\nimport os\n",
    "a function": "def os():\n    pass\n\n\ndef os():\n    pass\n",
}


@pytest.mark.parametrize("color", [False, True], ids=["plain", "colours"])
@pytest.mark.parametrize("case", CASES)
def test_frames_with_labels_are_those_of_ruff(
    case: str, color: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = os.path.realpath(tmp_path)
    path = os.path.join(folder, "a.py")
    (tmp_path / "a.py").write_text(CASES[case], encoding="utf-8")
    monkeypatch.chdir(folder)
    record = json.loads(twin.ruff(folder, "json", "--select=F811", "--ignore=F401,F821"))[0]
    command = twin.ruff(folder, "github", "--select=F811", "--ignore=F401,F821").splitlines()[0]
    where = re.search(r"%0A  [^%]*?:(\d+):(\d+): (previous definition of `os` here)", command)
    assert where
    row, column = int(where[1]), int(where[2])
    label = record["message"].split(": ", 1)[1]
    # The text at the place is an alias, or a name.
    start = CASES[case].splitlines()[row - 1][column - 1 :]
    length = next(len(name) for name in ("c" * 100 + " as os", "os") if start.startswith(name))
    earlier: Span = (row, column, row, column + length)
    places = [Place(path, twin.span(record), label, True), Place(path, earlier, where[3], False)]
    flags = ["--color=always"] if color else []
    theirs = twin.ruff(folder, "full", "--select=F811", "--ignore=F401,F821", *flags)
    body = re.split(r"\n(?:\x1b\[1m\x1b\[96m)?help|\n\n", theirs.split("\n", 1)[1])[0]
    assert "\n".join(frames(places, Texts(read), Style(color))) == body


@pytest.fixture
def diagnostic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Diagnostic:
    """A finding in one file with evidence in another."""
    (tmp_path / "a.py").write_text("from b import add\n\nadd.delay(1, 2, 3)\n")
    (tmp_path / "b.py").write_text("\n@app.task\ndef add(x, y):\n    return x + y\n")
    monkeypatch.chdir(tmp_path)
    place = RelatedPlace(os.path.join(os.getcwd(), "b.py"), (3, 5, 3, 8), "`add` takes two")
    span, url = (3, 1, 3, 19), "https://example.org/CEL001.md"
    about = ("CEL001", "celery-arguments", "`add` gets three arguments", True, url)
    return Diagnostic(os.path.join(os.getcwd(), "a.py"), span, *about, (place,), None)


def render(name: str, diagnostic: Diagnostic) -> str:
    return output.render(name, [diagnostic], Texts(read))


def test_full_shows_a_frame_of_the_other_file(diagnostic: Diagnostic) -> None:
    assert render("full", diagnostic).splitlines() == [
        "CEL001 `add` gets three arguments",
        " --> a.py:3:1",
        "  |",
        "1 | from b import add",
        "2 |",
        "3 | add.delay(1, 2, 3)",
        "  | ^^^^^^^^^^^^^^^^^^",
        "  |",
        " ::: b.py:3:5",
        "  |",
        "2 | @app.task",
        "3 | def add(x, y):",
        "  |     --- `add` takes two",
        "4 |     return x + y",
        "  |",
        "",
    ]


def test_github_names_the_other_file_on_a_line_of_its_own(diagnostic: Diagnostic) -> None:
    assert render("github", diagnostic) == (
        f"::error title=flake8-celery (CEL001),file={diagnostic.path},"
        "line=3,col=1,endLine=3,endColumn=19::"
        "a.py:3:1: CEL001 `add` gets three arguments%0A  b.py:3:5: `add` takes two\n"
    )


def test_sarif_has_related_locations(diagnostic: Diagnostic) -> None:
    result = json.loads(render("sarif", diagnostic))["runs"][0]["results"][0]
    assert result["relatedLocations"] == [
        {
            "message": {"text": "`add` takes two"},
            "physicalLocation": {
                "artifactLocation": {"uri": "b.py", "uriBaseId": "SRCROOT"},
                "region": {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 8},
            },
        }
    ]


@pytest.mark.parametrize(
    "name", ["concise", "grouped", "json", "json-lines", "junit", "gitlab", "pylint", "azure"]
)
def test_other_formats_say_nothing_of_it(name: str, diagnostic: Diagnostic) -> None:
    assert "takes two" not in render(name, diagnostic)
    assert render(name, diagnostic) == render(name, diagnostic._replace(related=()))


def test_a_file_that_cannot_be_read_has_an_empty_line(diagnostic: Diagnostic) -> None:
    gone = diagnostic.related[0]._replace(path="/nowhere/c.py")
    lines = render("full", diagnostic._replace(related=(gone,))).splitlines()
    assert lines[-5:] == [" ::: /nowhere/c.py:3:1", "  |", "3 |", "  | - `add` takes two", ""]
