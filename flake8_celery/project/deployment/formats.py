"""Which reader a deployment file needs, by its path."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .found import Found

Reader = Callable[[str], Iterator[Found]]


def reader_of(path: str) -> Reader | None:
    """The reader of a file; None for one that is not about running the project: what is in a
    hidden folder belongs to tools and CI."""
    *folders, name = path.split("/")
    if any(folder.startswith(".") for folder in folders):
        return None
    lowered = name.lower()
    if lowered.startswith("procfile"):
        from .procfile import read
    elif lowered.endswith((".yml", ".yaml")):
        from .manifests import read
    elif lowered.startswith("dockerfile") or lowered.endswith(".dockerfile"):
        from .dockerfile import read
    elif lowered.endswith(".service"):
        from .systemd import read
    elif lowered.endswith((".conf", ".ini")):
        from .supervisor import read
    elif lowered in ("makefile", "gnumakefile") or lowered.endswith(".mk"):
        from .makefile import read
    elif lowered in ("pyproject.toml", "package.json"):
        from .scripts import read_package, read_pyproject

        return read_package if lowered.endswith("json") else read_pyproject
    else:
        from .shell import read
    return read
