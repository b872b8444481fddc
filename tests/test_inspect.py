"""`flake8-celery inspect`: the picture of a project, as JSON and as a tree."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flake8_celery.cli.inspect import duration, sentence

from .conftest import Place

SHOP = {
    "shop/__init__.py": "",
    "shop/celery.py": """\
        from celery import Celery
        from celery.schedules import crontab

        app = Celery("shop", broker="redis://shop:secret@queue:6379/0")
        app.config_from_object("shop.settings")
        app.conf.beat_schedule = {
            "close": {"task": "shop.tasks.close", "schedule": crontab(hour=3, minute=30)},
            "tick": {"task": "shop.tasks.tick", "schedule": 90.0, "args": (1,)},
        }
        """,
    "shop/settings.py": """\
        import os

        broker_url = "amqp://"
        result_backend = os.environ["RESULTS"]
        task_routes = {"shop.tasks.close": {"queue": "nightly", "priority": 3}}
        task_time_limit = 60
        """,
    "shop/tasks.py": """\
        from .celery import app


        @app.task(bind=True, max_retries=5)
        def close(self, day=None, *, force=False): ...


        @app.task(queue="ticks", time_limit=5)
        def tick(n): ...
        """,
}


def picture(place: Place, *arguments: str) -> dict[str, Any]:
    ran = place.run("inspect", "--no-cache", "--output-format", "json", *arguments)
    assert (ran.code, ran.err) == (0, "")
    found: dict[str, Any] = json.loads(ran.out)
    return found


def test_the_app_and_its_configuration(place: Place) -> None:
    place.put(SHOP)
    (app,) = picture(place)["apps"]
    assert (app["name"], app["path"], app["row"]) == ("shop", "shop/celery.py", 4)
    assert (app["namespace"], app["closed"]) == (None, True)
    limit = app["config"]["task_time_limit"]
    assert (limit["value"], limit["known"]) == (60, True)
    assert (limit["path"], limit["row"]) == ("shop/settings.py", 6)


def test_the_winner_and_what_it_shadows(place: Place) -> None:
    place.put(SHOP)
    broker = picture(place)["apps"][0]["config"]["broker_url"]
    assert broker["value"] == "redis://shop:secret@queue:6379/0"
    assert broker["layer"] == "constructor"
    assert [(s["path"], s["row"], s["layer"]) for s in broker["shadowed"]] == [
        ("shop/settings.py", 3, "object")
    ]


def test_what_is_not_known_has_a_reason(place: Place) -> None:
    place.put(SHOP)
    shown = picture(place)
    backend = shown["apps"][0]["config"]["result_backend"]
    assert (backend["value"], backend["known"]) == (None, False)
    assert {
        "path": "shop/settings.py",
        "row": 4,
        "what": "`result_backend` of the app `shop`",
        "why": "a str from the environment at shop/settings.py:4",
    } in shown["undecided"]


def test_tasks(place: Place) -> None:
    place.put(SHOP)
    close, tick = picture(place)["tasks"]
    assert (close["name"], close["path"], close["row"]) == ("shop.tasks.close", "shop/tasks.py", 4)
    assert (close["app"], close["bind"]) == ("shop", True)
    assert close["signature"] == "(day=None, *, force=False)"
    assert close["options"] == {"max_retries": 5, "time_limit": 60}
    assert tick["options"] == {"queue": "ticks", "time_limit": 5}


def test_the_queue_of_a_task_and_what_decides(place: Place) -> None:
    place.put(SHOP)
    close, tick = picture(place)["tasks"]
    assert close["queue"] == "nightly"
    assert close["routed_by"] == {
        "pattern": "shop.tasks.close",
        "path": "shop/settings.py",
        "row": 5,
    }
    assert tick["queue"] == "ticks"
    assert tick["routed_by"] == {"pattern": None, "path": "shop/tasks.py", "row": 8}


def test_the_schedule(place: Place) -> None:
    place.put(SHOP)
    close, tick = picture(place)["schedule"]
    assert (close["app"], close["key"], close["task"]) == ("shop", "close", "shop.tasks.close")
    assert close["schedule"]["kind"] == "crontab"
    assert (close["schedule"]["hour"], close["schedule"]["minute"]) == ([3], [30])
    assert tick["schedule"] == {"kind": "interval", "seconds": 90.0}
    assert (tick["args"], tick["kwargs"], tick["options"]) == ([1], None, None)


def test_routes(place: Place) -> None:
    place.put(SHOP)
    assert picture(place)["routes"] == [
        {
            "app": "shop",
            "pattern": "shop.tasks.close",
            "queue": "nightly",
            "options": {"priority": 3},
            "path": "shop/settings.py",
            "row": 5,
        }
    ]


def test_a_folder_is_looked_at_as_a_project_of_its_own(place: Place) -> None:
    place.put({f"deep/inside/{path}": text for path, text in SHOP.items()})
    (app,) = picture(place, "deep/inside")["apps"]
    assert app["path"] == "shop/celery.py"


def test_tests_are_marked_and_not_in_the_tree(place: Place) -> None:
    place.put(SHOP | {"tests/test_app.py": "from celery import Celery\napp = Celery('other')\n"})
    apps = picture(place)["apps"]
    assert [(app["name"], app["test"]) for app in apps] == [("shop", False), ("other", True)]
    assert "App other" not in place.run("inspect", "--no-cache").out


def test_an_example_alone_is_shown(place: Place) -> None:
    place.put({f"example/{path}": text for path, text in SHOP.items()})
    assert picture(place)["apps"][0]["config"]["task_time_limit"]["value"] == 60
    assert "App shop" in place.run("inspect", "--no-cache").out


def test_the_tree(place: Place) -> None:
    place.put(SHOP)
    ran = place.run("inspect", "--no-cache")
    assert ran.code == 0
    assert "App shop  shop/celery.py:4" in ran.out
    assert "broker_url = 'redis://shop:**@queue:6379/0'" in ran.out
    assert "shadows shop.settings broker_url  shop/settings.py:3" in ran.out
    assert "at 03:30" in ran.out
    assert "every 1 minute 30 seconds" in ran.out
    assert "shop.tasks.close -> nightly (priority=3)  shop/settings.py:5" in ran.out
    assert "shop.tasks.close(day=None, *, force=False)  row 4" in ran.out
    assert "queue ticks by its own option at shop/tasks.py:8, time_limit=5" in ran.out
    assert "Undecided (" in ran.out


def test_three_runs_are_shown(place: Place) -> None:
    place.put(SHOP)
    lines = place.run("inspect", "--no-cache").out.splitlines()
    (runs,) = [line for line in lines if "next:" in line and "(UTC)" in line]
    assert runs.count("03:30") == 3


def test_a_folder_without_celery(place: Place) -> None:
    place.write(plain="x = 1\n")
    assert picture(place) == {
        "celery": {"lowest": "5.3", "highest": None, "path": None, "row": None},
        "apps": [],
        "tasks": [],
        "schedule": [],
        "routes": [],
        "queues": [],
        "commands": [],
        "consumers": [],
        "undecided": [],
    }
    assert "Nothing of Celery" in place.run("inspect", "--no-cache").out


def test_the_releases_of_celery(place: Place) -> None:
    place.put({**SHOP, "deploy/base.txt": "# What runs.\ncelery[redis]>=5.3,<5.7\n"})
    place.put({"requirements.txt": "-r deploy/base.txt\n"})
    found = {"lowest": "5.3", "highest": "5.6", "path": "deploy/base.txt", "row": 2}
    assert picture(place)["celery"] == found
    assert "Celery 5.3 to 5.6  deploy/base.txt:2" in place.run("inspect", "--no-cache").out
    place.put({"flake8-celery.toml": 'select = ["CEL"]\ntarget-celery = "5.5+"\n'})
    found = {"lowest": "5.5", "highest": None, "path": "flake8-celery.toml", "row": 2}
    assert picture(place)["celery"] == found
    out = place.run("inspect", "--no-cache").out
    assert "Celery 5.5 to the newest  flake8-celery.toml:2" in out
    assert picture(place, "--isolated")["celery"]["lowest"] == "5.3"


def test_what_is_no_folder(place: Place) -> None:
    ran = place.run("inspect", "nowhere")
    assert ran.code == 2
    assert "`nowhere` is not a folder" in ran.err


@pytest.mark.parametrize(
    "text",
    [
        "app = Celery('a', broker=",
        "from celery import Celery\napp = Celery('a', **{1: 2})\napp.conf.update(3, x=[*1])\n",
        "from celery import Celery\na = Celery('a')\na.conf.beat_schedule = {None: 1, 'x': 2}\n",
        "from celery import Celery\napp = Celery('a')\napp.conf.task_routes = [1, (2,), {3: 4}]\n",
        "from celery import Celery\na = Celery('a')\na.conf.beat_schedule = a.conf.beat_schedule\n",
        "from celery import Celery\na = Celery('a', namespace=3)\na.config_from_object(a)\n",
        "from celery import shared_task\n@shared_task(name=1, bind='x', queue=[])\ndef f(): ...\n",
        "from star import *\nfrom celery import Celery\napp = Celery(*x, **y)\n",
    ],
)
def test_bad_input_is_undecided_never_a_failure(place: Place, text: str) -> None:
    place.write(app=text, star="from app import *\n")
    shown = picture(place)
    assert all(one["why"] for one in shown["undecided"])
    assert place.run("inspect", "--no-cache").code == 0


def test_a_schedule_of_ten_thousand_entries(place: Place) -> None:
    entries = "\n".join(f"    'e{n}': {{'task': 't', 'schedule': {n}.5}}," for n in range(10_000))
    head = "from celery import Celery\napp = Celery('a')\n"
    place.write(app=f"{head}app.conf.beat_schedule = {{\n{entries}\n}}\n")
    assert len(picture(place)["schedule"]) == 10_000


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.5, "0.5 seconds"),
        (1, "1 second"),
        (3600, "1 hour"),
        (90061, "1 day 1 hour 1 minute 1 second"),
        (0, "tick of beat"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_sentences() -> None:
    assert sentence({"kind": "solar"}) == "by the sun"
    assert sentence({"kind": "unknown"}) == "it is not known when"
