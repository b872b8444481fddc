"""The output formats are ruff's, character by character.

ruff's own findings (its JSON output) are rendered by our formats; the text must be what ruff
itself prints for them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from flake8_celery import output
from flake8_celery.diagnostic import Diagnostic, RelatedPlace, Texts
from flake8_celery.files import read
from flake8_celery.rule import Edit, Fix

RUFF = os.path.join(sysconfig.get_path("scripts"), "ruff")

SOURCES = {
    "one line": "print(undefined)\n",
    "no final newline": "x = 1\nprint(undefined)",
    "safe fix": "import os\n\nx = 1\nif x:\n    print(x)\n",
    "fix in the middle": "x = 1\n\nimport os\nimport sys\n\nprint(sys, x)\n",
    "unsafe fix": "x = 1\nif x == None:\n    print(x)\n\n\nx = 2\n",
    "several": "import os\nx = 1\nif x == None:\n    pass\nprint(undefined)\nimport re\n",
    "many rows": "\n".join(f"x{row} = {row}" for row in range(1, 120)) + "\nprint(undefined)\n",
    "gutter grows": "\n".join(f"x{row} = {row}" for row in range(1, 9))
    + "\nprint(undefined)\n#\n#\n",
    "wide characters": 'x = "日本", undefined, "😀", again\n',
    "combining": 'x = "e\u0301", undefined\n',
    "tabs": "if True:\n\tx = undefined\n\ty = 1,\tother\n",
    "carriage returns": "x = 1\r\nprint(undefined)\r\nimport os\r\n",
    "several rows": "def f():\n    if a:\n        if b:\n            c()\n\n\nprint(1)\n",
    "rows from the start": "if a:\n    if b:\n        c()\n",
    "blank lines around": "\n\n\nprint(undefined)\n\n\n\n",
    "trailing spaces": "x = 1   \nprint(undefined)   \ny = 1   \n",
    "form feed": "x = 1\n\x0c\nprint(undefined)\n",
    "syntax error": "x = 1\ndef f(:\n    pass\n",
    "mark at the end": "x = undefined",
    "long line": "x = [" + ", ".join(f"name{i}" for i in range(30)) + "]\n",
}


def ruff(folder: Path, *arguments: str) -> str:
    """What ruff prints for the folder's files."""
    rules = "F401,F821,E711,SIM102,E703"
    command = [RUFF, "check", "--isolated", "--no-cache", "--select", rules, "-q", *arguments, "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return done.stdout.decode()


def span(at: dict[str, int], end: dict[str, int]) -> tuple[int, int, int, int]:
    return (at["row"], at["column"], end["row"], end["column"])


def diagnostic(record: dict[str, Any]) -> Diagnostic:
    """One of ruff's records as a diagnostic of ours."""
    fix = record["fix"] and Fix(
        record["fix"]["message"],
        record["fix"]["applicability"],
        tuple(
            Edit(span(edit["location"], edit["end_location"]), edit["content"])
            for edit in record["fix"]["edits"]
        ),
    )
    return Diagnostic(
        record["filename"],
        span(record["location"], record["end_location"]),
        record["code"],
        record["name"],
        record["message"],
        record["noqa_row"] is not None,
        record["url"],
        (),
        fix,
    )


def render(name: str, records: list[dict[str, Any]], unsafe: bool = False) -> str:
    return output.render(name, [diagnostic(r) for r in records], Texts(read), unsafe)


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
@pytest.mark.parametrize("name", ["full", "concise", "json"])
@pytest.mark.parametrize("case", SOURCES)
def test_ruff_prints_the_same(
    case: str, name: str, unsafe: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.py").write_bytes(SOURCES[case].encode())
    monkeypatch.chdir(tmp_path)
    flags = ["--unsafe-fixes"] if unsafe else []
    records = json.loads(ruff(tmp_path, "--output-format", "json"))
    assert records
    assert render(name, records, unsafe) == ruff(tmp_path, "--output-format", name, *flags)


def test_paths_outside_the_working_directory_are_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.py").write_text("print(undefined)\n")
    (tmp_path / "elsewhere").mkdir()
    records = json.loads(ruff(tmp_path, "--output-format", "json"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert render("concise", records).startswith(f"{tmp_path}/a.py:1:7: F821 ")


def test_full_shows_evidence_in_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("x = 1\ncall(x)\n")
    (tmp_path / "b.py").write_text("def call():\n    pass\n")
    related = (RelatedPlace(str(tmp_path / "b.py"), (1, 5, 1, 9), "takes nothing"),)
    found = Diagnostic(
        str(tmp_path / "a.py"), (2, 1, 2, 8), "CEL001", "celery-x", "x", True, None, related, None
    )
    assert output.render("full", [found], Texts(read)).splitlines() == [
        "CEL001 x",
        " --> a.py:2:1",
        "  |",
        "1 | x = 1",
        "2 | call(x)",
        "  | ^^^^^^^",
        "  |",
        " ::: b.py:1:5",
        "  |",
        "1 | def call():",
        "  |     ---- takes nothing",
        "2 |     pass",
        "  |",
        "",
    ]
