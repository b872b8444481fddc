"""Helpers that the tests of the faces share: projects in temporary folders, and both faces."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

from flake8_celery.cli import main

from . import fuzz, stand_ins

fuzz.register()
ROOT = Path(__file__).parent.parent


class Ran(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


class Place:
    """A temporary project, and the commands run in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def write(self, **texts: str) -> None:
        """Writes `name.py` for each name; `__` in a name is a slash, and `____init__` ends one."""
        for name, text in texts.items():
            folder, package, _ = name.partition("____init__")
            path = folder.replace("__", "/") + ("/__init__" if package else "")
            self.put({f"{path}.py": text})

    def put(self, files: dict[str, str | bytes]) -> None:
        """Writes files by their paths; texts are dedented."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            data = content if isinstance(content, bytes) else dedent(content).encode()
            path.write_bytes(data)

    def read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def check(self, *arguments: str, stdin: str | bytes | None = None) -> Ran:
        """Runs `flake8-celery check --no-cache` in this process."""
        return self.run("check", "--no-cache", *arguments, stdin=stdin)

    def run(self, *arguments: str, stdin: str | bytes | None = None) -> Ran:
        """Runs `flake8-celery` in this process."""
        from io import BytesIO, TextIOWrapper

        before = sys.stdin
        data = stdin.encode() if isinstance(stdin, str) else stdin
        if data is not None:
            sys.stdin = TextIOWrapper(BytesIO(data), encoding="utf-8")
        self._capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        finally:
            sys.stdin = before
            gc.enable()
        out, err = self._capsys.readouterr()
        return Ran(code, out, err)

    def launch(self, *arguments: str, stdin: str | None = None, **environment: str) -> Ran:
        """Runs `tests/launch.py` with the arguments, in a process of its own."""
        return self.command(sys.executable, "-m", "tests.launch", *arguments, stdin=stdin)

    def flake8(self, *arguments: str, stdin: str | None = None) -> Ran:
        """Runs flake8 with the stand-in rules, in a process of its own."""
        return self.launch("flake8", "--isolated", *arguments, stdin=stdin)

    def command(
        self, *command: str, stdin: str | None = None, env: dict[str, str] | None = None
    ) -> Ran:
        """Runs any command in the folder."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
        done = subprocess.run(
            command,
            cwd=self.folder,
            input=None if stdin is None else stdin.encode(),
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            env=environment,
            timeout=120,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def stood_in() -> Iterator[None]:
    """The stand-in rules, registered for one test."""
    with stand_ins.registered():
        yield


@pytest.fixture
def place(
    tmp_path: Path,
    stood_in: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Place:
    """An empty project (a `.git` marks its root), the working directory, stand-in rules."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("FLAKE8_CELERY_"):
            monkeypatch.delenv(name)
    return Place(tmp_path, capsys)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Moves the cache's idea of "now" ahead by some seconds, so that files are no longer young."""
    import time

    def ahead(seconds: int) -> None:
        real = time.time_ns
        monkeypatch.setattr(time, "time_ns", lambda: real() + seconds * 1_000_000_000)

    return ahead
