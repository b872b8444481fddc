"""What ruff writes about its findings, we write about the same findings, byte for byte."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flake8_celery import output
from flake8_celery.output.color import Style

from . import twin

BASIC = "import os\n\n\ndef f(x):\n    if x == None:\n        print('é', bad)\n"
LINES = [
    "import os",
    "import os, sys",
    "from os import (\n    path,\n    sep\n)",
    "x = bad",
    "if x == None: pass",
    "if x == None:\n    y = 1",
    "\t",
    "    ",
    "",
    "y = '漢字'; bad == None",
    "z = f'abc'",
    "def f():\n    '''\n    doc\n    '''\n    pass\n",
    "s = '''a\n  \n b'''; print(zz == None)",
    "if a:\n    if b:\n        c = dict(\n          a=1,\n        )\n",
    "t = 'e\u0301\u200d😀\t'; nn",
    "w = '" + "w" * 150 + "'; wide",
    "f = lambda x: 2*x",
    "v = '{} {}'.format(\n 1, 2)",
    "u = (\n\n(None == v\n) )",
    "# " + "comment " * 30,
    " " * 40 + "# indented",
    "\x0c",
    "k = [\n" + "   1,\n" * 8 + "  nope,\n]",
    "\tq",
    "m = (",
    "bad(\n  1,\n\n)",
    "import os as o;import sys;a=1",
]

# Each a folder: its files by name.
PROJECTS = {
    "several files": {"a.py": BASIC, "pkg/b.py": "def g(:\n    pass\n", "c d,é.py": "import sys\n"},
    "nothing found": {"a.py": "x = 1\n"},
    "tabs": {"a.py": "def f(x):\n\tif x == None:\n\t\tprint('é',\tbad)\n"},
    "wide, combining and control characters": {
        "a.py": "x = '😀😀'; bad\ny = '漢字'; bad2 == None\nz='e\u0301'; bad3\n"
        "q='👩‍👩‍👧'; b\nr='\u00ad\u200b\u202e'; bb\ns='\u0007\u001b\x0c'; bbb\n"
    },
    "carriage returns and line feeds": {"a.py": BASIC.replace("\n", "\r\n")},
    "carriage returns": {"a.py": BASIC.replace("\n", "\r")},
    "no end of the last line": {"a.py": "import os\nx == None", "b.py": "x = 1\nimport os"},
    "spans of several lines": {
        "a.py": "from os import (\n  path,\n  sep,\n  name,\n  linesep,\n)\n"
        "class A:\n    x = f'''\n  a\n\n\n  b\n'''\n"
        "    y = bad(\n      1,\n      2\n    ) == None\n"
        "if a:\n    if b:\n        c\n        d\n        e\n        g\n"
        "x = '{} {}'.format(\n  1,\n  zz)\n"
        "x = 1; y = dict(\n  a=1,\n  b=2,\n  c=3,\n  d=4,\n  e=5,\n)\n"
    },
    "long lines": {
        "a.py": "x = '" + "a" * 300 + "'; bad; y = '" + "b" * 300 + "'\n"
        "if x:\n" + " " * 60 + "y = [" + ", ".join(f"abc{i}" for i in range(40)) + "]\n"
        "z = " + "undefined_" * 50 + "\n"
        "x = '" + "漢" * 100 + "'; bad; y = '" + "字" * 300 + "'\n"
    },
    "blank lines": {"a.py": "def f():\n    x = 1\n    \n    y = 2\n\n\n\n    return None\n   \n"},
    "syntax errors": {
        "a.py": "x = (1,\n\n\ny = [\n",
        "b.py": "'abc\n",
        "c.py": "x = '''\nabc\n",
        "d.py": "(",
        "e.py": "def f():\n\tx\n        y\n",
    },
    "row numbers of different lengths": {
        "a.py": "\n" * 8 + "x = 1\nbad\nz=3\n" + "\n" * 90 + "import os\nbad2\n" + "\n" * 10
    },
    "lines that a fix makes equal": {
        "a.py": "x == None\nx is None\nif x is None:\n    pass\n\t\n\ny\n"
    },
}


def write(folder: str, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(text.encode())


@pytest.mark.parametrize("project", PROJECTS)
def test_every_format_is_that_of_ruff(
    project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = os.path.realpath(tmp_path)
    write(folder, PROJECTS[project])
    monkeypatch.chdir(folder)
    monkeypatch.delenv("CI_PROJECT_DIR", raising=False)
    found = twin.diagnostics(twin.ruff(folder, "json"))
    assert bool(found) == (project != "nothing found")
    for name in output.FORMATS:
        theirs = twin.ruff(folder, name)
        if name == "gitlab":
            assert twin.without_fingerprints(twin.ours(found, name)) == twin.without_fingerprints(
                theirs
            )
        elif name != "sarif":
            assert twin.ours(found, name) == theirs, name


@pytest.mark.parametrize("name", ["full", "concise", "grouped"])
def test_unsafe_fixes_count_when_they_are_wanted(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = os.path.realpath(tmp_path)
    write(folder, {"a.py": BASIC})
    monkeypatch.chdir(folder)
    found = twin.diagnostics(twin.ruff(folder, "json"))
    assert twin.ours(found, name, unsafe=True) == twin.ruff(folder, name, "--unsafe-fixes")
    assert "E711 [*]" in twin.ours(found, name, unsafe=True)
    assert "E711 [*]" not in twin.ours(found, name)


@pytest.mark.parametrize("links", [False, True], ids=["plain codes", "links"])
@pytest.mark.parametrize("name", ["full", "concise", "grouped"])
def test_colours_are_those_of_ruff(
    name: str, links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = os.path.realpath(tmp_path)
    write(folder, PROJECTS["several files"] | {"d.py": PROJECTS["spans of several lines"]["a.py"]})
    monkeypatch.chdir(folder)
    found = twin.diagnostics(twin.ruff(folder, "json"))
    theirs = twin.ruff(folder, name, "--color=always", links=links)
    mine = twin.ours(found, name, style=Style(True, links))
    assert twin.cells(mine) == twin.cells(theirs)
    if name != "full":
        assert mine == theirs


texts = st.builds(
    lambda lines, end, line_end: ("\n".join(lines) + end).replace("\n", line_end),
    st.lists(st.sampled_from(LINES), min_size=1, max_size=9),
    st.sampled_from(["", "\n", "\n\n"]),
    st.sampled_from(["\n"] * 9 + ["\r\n"]),
)


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.large_base_example],
)
@given(files=st.lists(texts, min_size=10, max_size=30))
def test_frames_and_lines_are_those_of_ruff_for_any_file(
    files: list[str], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = os.path.realpath(tmp_path_factory.mktemp("files"))
    write(folder, {f"f{number}.py": text for number, text in enumerate(files)})
    monkeypatch.chdir(folder)
    found = twin.diagnostics(twin.ruff(folder, "json"))
    for name in ("full", "concise", "grouped"):
        theirs = twin.without_bare_help(twin.ruff(folder, name))
        assert twin.without_bare_help(twin.ours(found, name)) == theirs
