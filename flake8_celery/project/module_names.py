"""The dotted name under which a worker imports a module, where its folder does not tell.

A folder without `__init__.py` may be where imports start, or a namespace package: the tasks of
`worker/main.py` are called `main.add` or `worker.main.add`.  What the project's own imports, routes
and schedules call the module decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import Project
    from .names import LinkedModule


def imported_name(project: Project, module: LinkedModule) -> str:
    """The name that tasks of a module are called after; the shortest possible one where the
    project says nothing of it."""
    folder = module.path.rpartition("/")[0]
    if not folder or project.is_package(folder):
        return module.name
    longer = [name for name in project.names_of(module.path) if name != module.name]
    called = [name for name in longer if _is_mentioned(project, name)]
    # A module that is known by two names is imported from two folders.
    if len(called) != 1 or _is_imported(project, module.name):
        return module.name
    return called[0]


def _is_mentioned(project: Project, name: str) -> bool:
    """Whether some text speaks of a module, or of all in its package (`worker.*`)."""
    package = name.rpartition(".")[0]
    if not project.mentions(f"{package}."):
        return False
    import re

    either = rf"(?:{re.escape(name)}(?!\w)|{re.escape(package)}\.\*)"
    spoken = re.compile(rf"(?<![\w.]){either}")
    return any(spoken.search(text) for text in project.texts())


def _is_imported(project: Project, name: str) -> bool:
    return any(
        name in (found.loaded, found.module) or found.loaded.startswith(f"{name}.")
        for module in project.modules
        for found in module.facts.imports
    )
