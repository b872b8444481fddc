"""Files that concern Celery through the project's own names alone: `@job`, where `job` is a
wrapper of `shared_task`, or `app.conf.beat_schedule = ...`.  Their text holds no word of Celery's,
so that they are not read with the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from .tasks import index_of
from .wrappers import NO_OPTIONS, THE_FUNCTION, Arguments, NewTask

if TYPE_CHECKING:
    from . import Project
    from .names import LinkedModule

CONFIGURATION = (b".conf.", b".conf[")
NOT_CONFIGURATION = b"django.conf"


def further_paths(
    project: Project, paths: Iterable[str], read: Callable[[str], bytes]
) -> list[str]:
    """Those of `paths`, none of which is in the project yet, that should be read as well."""
    wrappers = [name.encode() for module in project.modules for name in _wrappers(project, module)]
    found = []
    for path in paths:
        try:
            data = read(path)
        except OSError:
            continue
        if b"@" in data and any(b"@" + n in data or b"." + n in data for n in wrappers):
            found.append(path)
        elif b".conf" in data:
            other = data.replace(NOT_CONFIGURATION, b"")
            if any(word in other for word in CONFIGURATION):
                found.append(path)
    return found


def _wrappers(project: Project, module: LinkedModule) -> Iterator[str]:
    """The functions and classes of a module that make tasks when they decorate a function."""
    decorators = index_of(project).decorators
    for number, scope in enumerate(module.facts.scopes):
        if number and scope.parent == 0 and scope.kind in ("function", "class"):
            name = ("name", (scope.span[2], 1, scope.span[2], 1), scope.name)
            meaning = decorators.meaning(name, module, 0, {})
            made = decorators.apply(meaning, Arguments((), NO_OPTIONS, False))
            if isinstance(decorators.apply(meaning, THE_FUNCTION), NewTask) or isinstance(
                decorators.apply(made, THE_FUNCTION), NewTask
            ):
                yield scope.name
