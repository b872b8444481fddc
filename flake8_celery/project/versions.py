"""The Celery releases that a project may run on: from memory, while its files stay as they are.

`requirements.py` reads the files; that and what it imports stay away from a run in which none of
them has changed.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from ..cache import YOUNG_NS, NoCache
from ..celery_versions import DEFAULT, Span, Version
from ..files import FileEntry, Overlay, read

FOLDER = "requirements"
LOCKS = frozenset({"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"})
DECLARATIONS = frozenset({"pyproject.toml", "setup.cfg", "Pipfile", "setup.py"})
# Longer than any list of dependencies.
LONGEST = 50_000_000


class CeleryRange(NamedTuple):
    """The lowest release and the highest (None: the newest), and the places that say so: pairs
    of a path relative to the root and a row, none for the default."""

    span: Span = DEFAULT
    places: tuple[tuple[str, int], ...] = ()


def celery_range(root: str, cache: NoCache, overlay: Overlay | None = None) -> CeleryRange:
    """The range that the files of the project at `root` allow.  Nothing that stands in them makes
    it raise."""
    files = candidates(root)
    memory = cache.versions
    further = memory.get("further")
    paths = [one for one in further if isinstance(one, str)] if isinstance(further, list) else []
    present = [*files, *entries(paths)]
    open_paths = set(overlay.paths()) if overlay is not None else set()
    edited = not open_paths.isdisjoint(entry.path for entry in present)
    if not edited and memory.get("files") == [list(entry) for entry in present]:
        known = _recalled(memory)
        if known is not None:
            return known
    from .requirements import read_range

    found, paths = read_range(root, files, lambda path: read(path, overlay))
    present = [*files, *entries(paths)]
    young = any(entry.mtime_ns > time.time_ns() - YOUNG_NS for entry in present)
    edited = not open_paths.isdisjoint((*paths, *(entry.path for entry in present)))
    if present and not young and not edited:
        cache.versions = {
            "files": [list(entry) for entry in present],
            "further": paths,
            "span": found.span,
            "places": found.places,
        }
    return found


def _recalled(memory: dict[str, Any]) -> CeleryRange | None:
    """The range that a cache has kept; None where it holds something else."""
    try:
        (low, high), places = memory["span"], memory["places"]
        span = (_version(low), None if high is None else _version(high))
        return CeleryRange(span, tuple((str(path), int(row)) for path, row in places))
    except (LookupError, TypeError, ValueError, OverflowError):
        return None


def _version(written: Any) -> Version:
    major, minor = written
    return int(major), int(minor)


def candidates(root: str) -> list[FileEntry]:
    """The files that may say it, with their times and sizes; none of them is read."""
    found = []
    for folder in (root, os.path.join(root, FOLDER)):
        try:
            with os.scandir(folder) as scan:
                names = sorted(entry.name for entry in scan)
        except OSError:
            continue
        for name in names:
            known = name in LOCKS or name in DECLARATIONS or is_pylock(name)
            if folder != root:
                known = name.endswith((".txt", ".in"))
            if known or (FOLDER in name and name.endswith((".txt", ".in"))):
                found += entries([os.path.join(folder, name)])
    return found


def entries(paths: Iterable[str]) -> list[FileEntry]:
    """The times and sizes of regular files; what is none is left out."""
    found = []
    for path in paths:
        try:
            known = os.stat(path)
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(known.st_mode) and known.st_size < LONGEST:
            found.append(FileEntry(path, known.st_mtime_ns, known.st_size))
    return found


def is_pylock(name: str) -> bool:
    return name.startswith("pylock.") and name.endswith(".toml")
