"""Which modules of the project are imported together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..facts import Import
from .names import LinkedModule, absolute_name

if TYPE_CHECKING:
    from . import Project

# Words in a module's name that say a worker is started with it, or imports it.
STARTED = ("worker", "celery", "tasks")


def imported_with(project: Project, module: LinkedModule) -> frozenset[str]:
    """The paths of the modules that are surely imported when `module` is, itself included."""
    key = ("imported with", module.path)
    if key not in project.kept:
        found: set[str] = set()
        pending = [module, *packages_of(project, module)]
        while pending:
            next_one = pending.pop()
            if next_one.path not in found:
                found.add(next_one.path)
                for name in next_one.facts.imports:
                    if not name.scope and not any(True for _ in next_one.blocks_around(name.block)):
                        pending += loaded_by(project, name, next_one)
        project.kept[key] = frozenset(found)
    known: frozenset[str] = project.kept[key]
    return known


def comes_along(project: Project, home: LinkedModule, module: LinkedModule) -> bool:
    """Whether a process that imports `home` surely or very probably imports `module`: it comes
    with it, something else in the project imports it, or a worker is started with it.

    What nothing imports is a script, and runs in a process of its own."""
    if module is home or module.path in imported_with(project, home):
        return True
    stem = module.path.rpartition("/")[2].rpartition(".")[0].lower()
    return any(word in stem for word in STARTED) or module.path in _imported(project)


def _imported(project: Project) -> frozenset[str]:
    """The paths of the modules that some other module imports."""
    if "imported" not in project.kept:
        project.kept["imported"] = frozenset(
            found.path
            for module in project.modules
            for name in module.facts.imports
            for found in loaded_by(project, name, module)
            if found is not module
        )
    known: frozenset[str] = project.kept["imported"]
    return known


def packages_of(project: Project, module: LinkedModule) -> Iterator[LinkedModule]:
    """The packages around a module, whose `__init__` runs before it."""
    parts = module.name.split(".")
    for length in range(1, len(parts)):
        package = project.find(".".join(parts[:length]), module)
        if package is not None:
            yield package


def loaded_by(project: Project, name: Import, module: LinkedModule) -> Iterator[LinkedModule]:
    """The modules of the project that an import statement loads, packages included."""
    dotted = absolute_name(name.loaded, module)
    if dotted is None:
        return
    # A relative import in a folder that is no package.
    parts = dotted.split(".") if dotted else []
    if name.attribute and name.attribute != "*":
        parts.append(name.attribute)
    for length in range(1, len(parts) + 1):
        found = project.find(".".join(parts[:length]), module)
        if found is not None:
            yield found
