"""A progress bar on a terminal, for runs that take longer than a second."""

from __future__ import annotations

import time
from typing import TextIO

PATIENCE = 1.0
INTERVAL = 0.1
WIDTH = 30


class Bar:
    """Shows how many files have been parsed; draws nothing in the first second."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next = time.monotonic() + PATIENCE
        self._drawn = False

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total` files are parsed."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + INTERVAL
        self._drawn = True
        full = WIDTH * done // max(total, 1)
        self._stream.write(f"\r{'█' * full}{'░' * (WIDTH - full)} {done}/{total} files")
        self._stream.flush()

    def clear(self) -> None:
        """Takes the bar away."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._drawn = False
