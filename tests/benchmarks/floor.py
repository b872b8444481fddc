"""The least that a run can cost: what the benchmark holds the tool against.

    python floor.py cold TREE        walk, stat, read, prefilter, parse the relevant files
    python floor.py warm TREE CACHE  walk, stat, load the JSON texts in the folder CACHE
    python floor.py relevant TREE    print the paths of the relevant files

Nothing is imported before it is needed, as a run should do: the start of the interpreter is a
good part of a warm run. The byte prefilter is the tool's own, so that both parse the same files.
"""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def walk(folder: str, suffix: str = ".py") -> Iterator[tuple[str, os.stat_result]]:
    """Every file below this folder with this suffix, and its stat."""
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.name.endswith(suffix):
                    yield entry.path, entry.stat()


def read(path: str, size: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, size)
    finally:
        os.close(descriptor)


def relevant_files(tree: str) -> Iterator[tuple[str, bytes]]:
    from flake8_celery.files import looks_relevant

    for path, stat in list(walk(tree)):
        data = read(path, stat.st_size)
        if looks_relevant(data):
            yield path, data


def cold(tree: str) -> None:
    import ast

    for _, data in relevant_files(tree):
        try:
            ast.parse(data)
        except (SyntaxError, ValueError):
            continue


def warm(tree: str, cache: str) -> None:
    import json

    list(walk(tree))
    for path, stat in walk(cache, ".json"):
        json.loads(read(path, stat.st_size))
    for path, stat in walk(cache, ".facts"):
        for line in read(path, stat.st_size).split(b"\n"):
            json.loads(line[line.index(b"[") :])


if __name__ == "__main__":
    gc.disable()
    mode, *folders = sys.argv[1:]
    if mode == "cold":
        cold(*folders)
    elif mode == "warm":
        warm(*folders)
    else:
        for path, _ in relevant_files(*folders):
            print(path)
