"""Projects whose parts do not fit together: `inspect` and `check` say what they do not know, with
the reason, in bounded time and without a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

APP = "from celery import Celery\n"
TASK = "@app.task\ndef f(x=None):\n    pass\n"
# Far more than it takes, and far less than what grows with the square of the entries.
SECONDS = 120
ENTRIES = 10_000


def ran(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    form = ["--output-format", "json", "--isolated", "--no-cache"]
    return subprocess.run(
        [sys.executable, "-m", "flake8_celery", command, str(folder), *form],
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def both(folder: Path, files: dict[str, str]) -> tuple[dict[str, Any], list[Any]]:
    """What `inspect` shows of a project, and what `check` finds in it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shown, checked = ran("inspect", folder), ran("check", folder)
    for done in (shown, checked):
        assert done.returncode in (0, 1), done.stderr
        assert "Traceback" not in done.stderr
        assert "cannot be analysed" not in done.stderr
    return json.loads(shown.stdout), json.loads(checked.stdout)


def reasons(shown: dict[str, Any]) -> str:
    assert all(one["why"] for one in shown["undecided"])
    return "\n".join(f"{one['what']}: {one['why']}" for one in shown["undecided"])


def test_settings_that_import_what_is_not_there(tmp_path: Path) -> None:
    shown, found = both(
        tmp_path,
        {
            "app.py": f"{APP}app = Celery('a')\napp.config_from_object('conf')\n{TASK}",
            "conf.py": "from gone import LIMIT\nfrom also.gone import *\nimport gone.too\n"
            "task_time_limit = LIMIT\nbeat_schedule = gone.too.SCHEDULE\n",
        },
    )
    (app,) = shown["apps"]
    assert not app["config"]["task_time_limit"]["known"]
    assert "task_time_limit" in reasons(shown)
    assert "schedule" in reasons(shown)
    assert found == []


def test_a_settings_module_that_is_not_there(tmp_path: Path) -> None:
    text = f"{APP}app = Celery('a')\napp.config_from_object('nowhere.settings')\n{TASK}"
    shown, found = both(tmp_path, {"app.py": text})
    assert not shown["apps"][0]["closed"]
    assert "configuration of the app `a`" in reasons(shown)
    assert found == []


def test_star_imports_in_a_circle(tmp_path: Path) -> None:
    shown, found = both(
        tmp_path,
        {
            "app.py": f"{APP}app = Celery('a')\napp.config_from_object('one')\n{TASK}",
            "one.py": "from two import *\ntask_time_limit = LIMIT\n",
            "two.py": "from three import *\ntask_soft_time_limit = LIMIT\n",
            "three.py": "from one import *\nLIMIT = LIMIT\n",
        },
    )
    assert not shown["apps"][0]["config"]["task_time_limit"]["known"]
    assert "task_time_limit" in reasons(shown)
    assert found == []


def test_two_apps_of_one_name(tmp_path: Path) -> None:
    one = f"{APP}app = Celery('same')\napp.conf.task_time_limit = 5\n{TASK}"
    two = f"{APP}app = Celery('same')\napp.conf.task_time_limit = 9\n"
    shown, _ = both(tmp_path, {"one.py": one, "two.py": two})
    assert [app["name"] for app in shown["apps"]] == ["same", "same"]
    values = [app["config"]["task_time_limit"]["value"] for app in shown["apps"]]
    assert sorted(values) == [5, 9]
    assert [task["name"] for task in shown["tasks"]] == ["one.f"]


@pytest.mark.parametrize("built", ["display", "statements", "loop"])
def test_a_schedule_of_ten_thousand_entries(built: str, tmp_path: Path) -> None:
    entry = "{'task': 'app.f', 'schedule': 30.0, 'args': (%d,)}"
    if built == "display":
        rows = "".join(f"    'entry-{n}': {entry % n},\n" for n in range(ENTRIES))
        text = f"app.conf.beat_schedule = {{\n{rows}}}\n"
    elif built == "statements":
        rows = "".join(f"    s['entry-{n}'] = {entry % n}\n" for n in range(ENTRIES))
        text = f"def build():\n    s = {{}}\n{rows}    return s\napp.conf.beat_schedule = build()\n"
    else:
        text = (
            "def build():\n    s = {}\n    for n in range(10000):\n"
            "        s[f'entry-{n}'] = {'task': 'app.f', 'schedule': 30.0, 'args': (n,)}\n"
            "    return s\napp.conf.beat_schedule = build()\n"
        )
    shown, _ = both(tmp_path, {"app.py": f"{APP}app = Celery('a')\n{TASK}{text}"})
    if built == "display":
        assert len(shown["schedule"]) == ENTRIES
    else:
        # More than is run: the reason is given instead.
        assert "schedule of the app `a`" in reasons(shown)
