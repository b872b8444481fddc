"""Work in several processes: each takes the next piece as soon as it is done with the last.

Children are forked, so they have everything that this process has read, and only results come
back.  What a child was to do and has not answered, for whatever reason, is done here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

Item = TypeVar("Item")

# Pieces are announced in a pipe before anybody reads it: so many fit into any.
MOST_PIECES = 1024
NUMBER = 4


def in_processes(
    work: list[Item], size: Callable[[Item], int], do: Callable[[Item], Any], processes: int
) -> list[Any]:
    """`do(item)` for each item, in order, as JSON gives it back (tuples become lists).

    `size` tells how much work an item is; `do` must not raise."""
    # The largest first, so that nobody begins one when the others are done.
    order = sorted(range(len(work)), key=lambda place: -size(work[place]))
    count = min(len(order), MOST_PIECES)
    pieces = [order[start::count] for start in range(count)]
    numbers, announced = os.pipe()
    os.write(announced, b"".join(n.to_bytes(NUMBER, "big") for n in range(count)))
    os.close(announced)

    def taken() -> Iterator[int]:
        while number := os.read(numbers, NUMBER):
            yield from pieces[int.from_bytes(number, "big")]

    def answer() -> Iterator[str]:
        for place in taken():
            yield json.dumps([place, do(work[place])], separators=(",", ":"))

    children = [_fork(answer) for _ in range(processes - 1)]
    results: dict[int, Any] = {place: do(work[place]) for place in taken()}
    os.close(numbers)
    for child in children:
        if child is not None:
            results.update(_answers(*child))
    return [results[p] if p in results else do(work[p]) for p in range(len(work))]


def _fork(answer: Callable[[], Iterator[str]]) -> tuple[int, int] | None:
    """Starts a child that writes what `answer` gives: its number and the pipe that it comes
    through; None where there can be no child."""
    if not hasattr(os, "fork"):
        return None
    reading, writing = os.pipe()
    try:
        child = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        return None
    if child:
        os.close(writing)
        return child, reading
    status = 1
    try:
        os.close(reading)
        with os.fdopen(writing, "w", encoding="ascii") as pipe:
            # All at once: while this process reads nothing, the pipe would soon be full.
            pipe.write(f"[{','.join([*answer()])}]")
        status = 0
    finally:
        # Neither buffers nor handlers of the parent are this process's to flush or run.
        os._exit(status)


def _answers(child: int, reading: int) -> list[tuple[int, Any]]:
    """What a child has written, once it has ended; nothing when it has failed."""
    with os.fdopen(reading, encoding="ascii") as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    try:
        return [(place, answer) for place, answer in json.loads(text)] if status == 0 else []
    except ValueError:
        return []
