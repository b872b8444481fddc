"""Deployment files from disk: found by the walk, shown by inspect, part of a kept result's key."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from flake8_celery import files

from ..conftest import Place

APP = """
from celery import Celery

app = Celery("shop", broker="amqp://rabbit//")


@app.task(queue="mail", time_limit=3)
def send(): ...


@app.task(queue="lost", time_limit=3)
def lose(): ...
"""
COMPOSE = """
services:
  worker:
    command: celery -A shop worker -Q mail --time-limit=9
  flower:
    command: celery -A shop flower
    ports: ["5555:5555"]
"""


def age(place: Place) -> None:
    """Makes all files old enough for a result to be kept."""
    for path in place.folder.rglob("*"):
        if path.is_file() and ".flake8_celery_cache" not in path.parts:
            os.utime(path, ns=(then := time.time_ns() - 60_000_000_000, then))


def test_a_changed_compose_file_changes_kept_findings(place: Place) -> None:
    place.put({"shop.py": APP, "compose.yml": COMPOSE})
    check = ("check", "--preview", "--select", "CEL711", "--output-format", "concise")
    folder = str(place.folder)
    age(place)
    for _ in range(2):
        assert "shop.py:4:7: CEL711" in place.run(*check, folder).out
    place.put({"compose.yml": COMPOSE.replace("flower\n", "flower --basic-auth=a:b\n")})
    age(place)
    assert "CEL711" not in place.run(*check, folder).out
    place.put({"compose.yml": COMPOSE})
    age(place)
    assert "CEL711" in place.run(*check, folder).out
    (place.folder / "compose.yml").unlink()
    assert "CEL711" not in place.run(*check, folder).out


def test_inspect_shows_commands_and_consumers(place: Place) -> None:
    place.put({"shop.py": APP, "compose.yml": COMPOSE, "k8s.yaml": "celery: [} # worker\n"})
    ran = place.run("inspect", "--no-cache", "--isolated", str(place.folder))
    assert "worker of shop  --queues=mail  --time-limit=9  compose.yml:4" in ran.out
    assert "lost: nobody" in ran.out and "mail: compose.yml:4" in ran.out
    assert "k8s.yaml:1  the commands in `k8s.yaml`: it is not YAML, row 1" in ran.out
    ran = place.run(
        "inspect", "--no-cache", "--isolated", "--output-format", "json", str(place.folder)
    )
    shown = json.loads(ran.out)
    assert [one["kind"] for one in shown["commands"]] == ["worker", "flower"]
    assert [(one["queue"], one["consumed"]) for one in shown["consumers"]] == [
        ("lost", False),
        ("mail", True),
    ]


def test_the_walk_collects_what_may_deploy(tmp_path: Path) -> None:
    wanted = {"Procfile", "docker-compose.dev.yml", "api.Dockerfile", "a.service", "run.sh"}
    for name in {*wanted, "a.py", "b.txt", ".hidden.yml", "ignored.sh", "out/x.sh"}:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("celery\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("ignored.sh\n")
    (tmp_path / "Dockerfile").mkdir()
    found: list[files.FileEntry] = []
    python = list(files.walk(str(tmp_path), deployment=found, extend_exclude=["out"]))
    assert [os.path.basename(entry.path) for entry in python] == ["a.py"]
    assert {os.path.basename(entry.path) for entry in found} == wanted
