"""The second evaluator: when it is loaded, what bounds it, and that it looks at nothing else.

What it answers is compared with Celery in `tests/oracles/projects/built_*`, and what it must not
answer in `unsure_*`.
"""

# Programs as texts are easier to read on long lines.
# ruff: noqa: E501

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from astroid.manager import AstroidManager

from flake8_celery.cli import main

SAMPLE = Path(__file__).parent / "projects" / "shop"
ORACLES = Path(__file__).parent / "oracles" / "projects"
HEAD = 'from celery import Celery\napp = Celery("a", broker="memory://")\n'
LOADED = """
import sys
from flake8_celery.cli import main
main(sys.argv[1:])
print("astroid" in sys.modules, file=sys.stderr)
"""


def loads_astroid(folder: Path) -> bool:
    """Whether a `check` of a project loads astroid, in a process of its own."""
    command = ["check", "--isolated", "--no-cache", "--exit-zero", "-q", str(folder)]
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *command], capture_output=True, text=True, check=True
    )
    return done.stderr.split()[-1] == "True"


def test_the_sample_project_needs_no_astroid() -> None:
    assert not loads_astroid(SAMPLE)


@pytest.mark.parametrize(
    "text",
    [
        "app.conf.task_time_limit = 5\n",
        # One `return` is read as the expression that it is.
        "def limit():\n    return 5\napp.conf.task_time_limit = limit()\n",
        # What reads the environment is not known, however it does it.
        "import os\ndef limit(n=3):\n    if n:\n        n = os.environ['X']\n    return n\n"
        "app.conf.task_time_limit = limit()\n",
        # Nobody asks for it.
        "def build():\n    x = {}\n    x['a'] = 1\n    return x\nOTHER = build()\n",
    ],
    ids=["constant", "one-return", "environment", "not-asked-for"],
)
def test_a_run_that_needs_none_of_it_loads_no_astroid(text: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HEAD + text)
    assert not loads_astroid(tmp_path)


def test_a_run_that_needs_it_loads_it() -> None:
    assert loads_astroid(ORACLES / "built_in_a_loop")


def inspected(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    main(["inspect", str(folder), "--output-format", "json", "--isolated", "--no-cache"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def limit_of(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """What `limit()` gives, by what `inspect` says of a setting; "unknown" when it does not say."""
    (folder / "app.py").write_text(f"{HEAD}{text}\napp.conf.task_time_limit = limit()\n")
    apps = inspected(folder, capsys)["apps"]
    if not apps:
        return "unknown"
    shown = apps[0]["config"]["task_time_limit"]
    return shown["value"] if shown["known"] else "unknown"


def test_astroid_looks_for_no_module(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("astroid looks for a module")

    for name in (
        "ast_from_module_name",
        "ast_from_file",
        "ast_from_module",
        "file_from_module_name",
    ):
        monkeypatch.setattr(AstroidManager, name, refuse)
    before = set(sys.modules)
    shown = inspected(ORACLES / "built_in_another_module", capsys)
    assert {entry["key"] for entry in shown["schedule"]} == {"x", "y", "z"}
    assert not [name for name in set(sys.modules) - before if name.startswith(("building", "app"))]


def test_two_runs_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("built_by_a_helper_that_fills", "unsure_environment_branch"):
        first, second = (inspected(ORACLES / name, capsys) for _ in range(2))
        for shown in (first, second):
            for entry in shown["schedule"]:
                entry.pop("next", None)
        assert first == second


KNOWN = [
    ("def limit(n=3):\n    n *= 2\n    return n", 6),
    ("def limit():\n    x = [1, 2]\n    y = x\n    y.append(3)\n    return len(x)", 3),
    ("def limit():\n    a, (b, c) = 1, (2, 3)\n    return a + b + c", 6),
    (
        "def limit():\n    for n in (1, 2, 3):\n        if n:\n            continue\n    return n",
        3,
    ),
    ("def limit():\n    x = {'a': 1}\n    x |= {'a': 2}\n    return x['a']", 2),
    ("def limit(*a, b=2, **c):\n    d = len(a) + b + len(c)\n    return d", 2),
]


@pytest.mark.parametrize(("text", "value"), KNOWN)
def test_known(
    text: str, value: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scope: dict[str, Any] = {}
    exec(f"{text}\nresult = limit()", scope)
    assert scope["result"] == value
    assert limit_of(text, tmp_path, capsys) == value


UNKNOWN = [
    # Who changes it is not followed.
    "def limit():\n    x = {'n': 1}\n    other(x)\n    return x['n']",
    "import lib\ndef limit():\n    x = [1]\n    lib.change(x)\n    return len(x)",
    "def limit():\n    x = {'n': 1}\n    def f():\n        x['n'] = 2\n    f()\n    return x['n']",
    "def limit():\n    x = {'n': 1}\n    (lambda: x.update(n=2))()\n    return x['n']",
    "def limit(x={'n': 1}):\n    x['n'] += 1\n    return x['n']",
    "X = {'n': 1}\ndef limit():\n    X['n'] += 1\n    return X['n']",
    "X = [1]\ndef limit():\n    X.append(2)\n    return len(X)",
    "def limit():\n    global N\n    N = 5\n    return N",
    # What it does is not followed.
    "def limit():\n    n = 0\n    while n < 5:\n        n += 1\n    return n",
    "def limit():\n    try:\n        n = [][0]\n    except IndexError:\n        n = 2\n    return n",
    "def limit():\n    n = 1\n    exec('n = 2')\n    return n",
    "def limit():\n    n = 1\n    n = next(iter([2]))\n    return n",
    "def limit():\n    with open('x') as n:\n        pass\n    return n",
    "def limit():\n    n = 1\n    match n:\n        case 1:\n            n = 2\n    return n",
    "def limit():\n    n = limit()\n    return n",
    "async def limit():\n    n = 1\n    return n",
    "def limit():\n    n = 1\n    yield n\n    return n",
    # It may be another function by then.
    "import functools\ndef d(f):\n    return lambda: 7\n@d\ndef limit():\n    n = 1\n    return n",
    "def limit():\n    n = 1\n    return n\nlimit = lambda: 3",
    # Either of two.
    "import random\ndef limit():\n    if random.random() > 2:\n        return 1\n    return 2",
    "import sys\ndef limit():\n    n = None\n    if sys.argv:\n        n = 3\n    return n",
    # It raises.
    "def limit():\n    x = {}\n    return x['n']",
    "def limit(n):\n    n += 1\n    return n",
]


@pytest.mark.parametrize("text", UNKNOWN)
def test_unknown(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert limit_of(text, tmp_path, capsys) == "unknown"


LARGE = [
    "def limit():\n    n = 0\n"
    + "".join(f"{'    ' * (at + 1)}for i{at} in range(100):\n" for at in range(8))
    + f"{'    ' * 9}n += 1\n    return n",
    "def a(n):\n    x = b(n) + b(n)\n    return x\ndef b(n):\n    x = a(n) + a(n)\n    return x\n"
    "def limit():\n    x = a(1)\n    return x",
    "def limit():\n    x = 1\n    return " + "-" * 60 + "x",
    "def limit():\n    x = 1\n    return " + "-" * 3000 + "x",
    "def limit():\n    x = 1\n    x = " + " + ".join(["x"] * 3000) + "\n    return x",
    "def limit():\n    x = []\n    for i in range(90):\n        x = [x, x]\n    return len(x)",
    "def limit():\n    x = []\n    x.append(x)\n    return x",
    "def limit():\n    x = 'a'\n    for i in range(60):\n        x = x + x\n    return x",
]


@pytest.mark.parametrize("text", LARGE, ids=range(len(LARGE)))
def test_work_is_bounded(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    started = time.process_time()
    limit_of(text, tmp_path, capsys)
    # By counts, so that it is the same everywhere; the clock is here to see that they do.
    assert time.process_time() - started < 20
