"""Work in several processes: each takes a share, this one as well.

Children are forked, so they have everything that this process has read, and only results come
back.  Where a child fails in any way, its share is done here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, TypeVar

Item = TypeVar("Item")


def in_processes(
    work: list[Item], size: Callable[[Item], int], do: Callable[[Item], Any], processes: int
) -> list[Any]:
    """`do(item)` for each item, in order, as JSON gives it back (tuples become lists).

    `size` tells how much work an item is; `do` must not raise."""
    # By falling size and one in `processes`, so that each gets about the same amount.
    order = sorted(range(len(work)), key=lambda place: -size(work[place]))
    shares = [order[start::processes] for start in range(processes)]
    children = [(share, _fork([work[p] for p in share], do)) for share in shares[1:]]
    results: dict[int, Any] = {place: do(work[place]) for place in shares[0]}
    for share, child in children:
        answers = None if child is None else _answers(*child)
        if answers is None or len(answers) != len(share):
            answers = [do(work[place]) for place in share]
        results.update(zip(share, answers, strict=True))
    return [results[place] for place in range(len(work))]


def _fork(items: list[Item], do: Callable[[Item], Any]) -> tuple[int, int] | None:
    """Starts a child that does `items`: its number and the pipe that its answers come through;
    None where there can be no child."""
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
            pipe.write(json.dumps([do(item) for item in items], separators=(",", ":")))
        status = 0
    finally:
        # Neither buffers nor handlers of the parent are this process's to flush or run.
        os._exit(status)


def _answers(child: int, reading: int) -> list[Any] | None:
    """What a child has written, once it has ended; None when it has failed."""
    with os.fdopen(reading, encoding="ascii") as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    try:
        answers = json.loads(text) if status == 0 else None
    except ValueError:
        return None
    return answers if isinstance(answers, list) else None
