"""`check --watch`, and the progress bar."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from queue import Empty, Queue

import pytest

from flake8_celery.cli import progress
from flake8_celery.cli.progress import Bar

from .conftest import ROOT, Place

PATIENCE = 30


class Watcher:
    """A running `check --watch`, and what it prints."""

    def __init__(self, place: Place, *flags: str) -> None:
        command = [sys.executable, "-m", "tests.launch", "flake8-celery", "check", "--watch"]
        self.process = subprocess.Popen(
            [*command, "--output-format", "concise", *flags],
            cwd=place.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def until(self, last: str) -> list[str]:
        """The lines up to one that holds `last`."""
        lines: list[str] = []
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                line = self._lines.get(timeout=0.2)
            except Empty:
                assert self.process.poll() is None, self.process.communicate()
                continue
            lines += [line] if line else []
            if last in line:
                return lines
        raise AssertionError(f"{last!r} is not among {lines}")


@pytest.fixture
def watcher(place: Place) -> Iterator[Watcher]:
    place.write(
        a="import celery\nfrom b import name\nacross(name)\n",
        b="import celery\ndef name():\n    pass\n",
    )
    watching = Watcher(place)
    yield watching
    watching.process.kill()
    watching.process.wait()


def test_dependents_are_linted_again(place: Place, watcher: Watcher) -> None:
    first = watcher.until("CEL975")
    assert first[0].endswith("Starting linter in watch mode...")
    assert first[0].startswith("\x1b[H\x1b[2J\x1b[3J[")
    assert re.fullmatch(
        r"\[\d\d:\d\d:\d\d [AP]M\] Found 1 error\. Watching for file changes\.", first[1]
    )
    assert first[2] == "a.py:3:1: CEL975 `name` stands in `b.py:2`"
    place.write(b="import celery\n\ndef name():\n    pass\n")
    second = watcher.until("CEL975")
    assert second[0].endswith("File change detected...")
    assert second[-1] == "a.py:3:1: CEL975 `name` stands in `b.py:3`"
    place.put({"flake8-celery.toml": 'ignore = ["CEL975"]\n'})
    assert watcher.until("Watching")[-1].endswith("Found 0 errors. Watching for file changes.")
    place.write(c="import celery\nplain()\n")
    assert watcher.until("CEL972")[-1].startswith("c.py:2:1")


def test_it_ends_when_interrupted(watcher: Watcher) -> None:
    watcher.until("CEL975")
    watcher.process.send_signal(signal.SIGINT)
    assert watcher.process.wait(PATIENCE) == 130
    assert watcher.process.stderr is not None and watcher.process.stderr.read() == ""


class TestBar:
    @pytest.fixture
    def now(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        clock = [0.0]
        monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
        return clock

    def test_nothing_in_the_first_second(self, now: list[float]) -> None:
        stream = io.StringIO()
        bar = Bar(stream)
        for moment in (0.1, 0.5, 0.99):
            now[0] = moment
            bar(1, 4)
        bar.clear()
        assert stream.getvalue() == ""

    def test_it_is_drawn_now_and_then_and_taken_away(self, now: list[float]) -> None:
        stream = io.StringIO()
        bar = Bar(stream)
        for moment, done in ((1.1, 1), (1.15, 2), (1.3, 3)):
            now[0] = moment
            bar(done, 4)
        bar.clear()
        drawn = stream.getvalue().split("\r")[1:]
        assert [line.split()[-2:] for line in drawn[:-1]] == [["1/4", "files"], ["3/4", "files"]]
        assert drawn[-1] == "\x1b[K"

    def test_only_on_a_terminal(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(progress, "PATIENCE", 0.0)
        place.write(a="import celery\n")
        assert place.check().err == ""
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        assert "1/1 files\r\x1b[K" in place.check().err
        assert place.check("--quiet").err == ""
