"""Which modules the worker of an app imports, as far as the code shows.

A task of `@shared_task` belongs to every app of its process, so with several apps in a project
what counts is which of them are in the process that imports the task's module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..rule import Undecided
from .apps import App, app_of_expr, default_app
from .names import External, LinkedModule, ModuleRef

if TYPE_CHECKING:
    from . import Project

MOST_MODULES = 500


def shared_app(project: Project, module: LinkedModule) -> App | None:
    """The app that a shared task of `module` belongs to; None when that is not certain."""
    apps = [app for app in project.all(App) if not app.in_test]
    if len(apps) < 2:
        return default_app(project)
    loading = [app for app in apps if may_load(project, app, module)]
    return loading[0] if len(loading) == 1 else None


def may_load(project: Project, app: App, module: LinkedModule) -> bool:
    """Whether a process that has the app may also have imported `module`."""
    reached = project.once(_reached, project, app)
    return reached is None or module.path in reached


def _reached(project: Project, app: App) -> frozenset[str] | None:
    """The paths of the modules that come with an app: its own, those that its configuration
    names, and what they import.  None: they may be any."""
    if _discovers(project, app):
        return None
    pending = [app.module]
    try:
        for name in ("include", "imports"):
            value = app.configuration.get(name)
            for dotted in value.value if value is not None else ():
                found = project.find(dotted, app.module) if isinstance(dotted, str) else None
                pending += [found] if found is not None else []
    except (Undecided, TypeError):
        return None
    reached: set[str] = set()
    tasks_seen = False
    while pending and len(reached) < MOST_MODULES:
        module = pending.pop()
        if module.facts.problem:
            return None
        if module.path not in reached:
            reached.add(module.path)
            tasks_seen = tasks_seen or _may_define_tasks(module)
            pending += _imported(project, module)
    # An app without any task gets its tasks some other way: `--include`, `-A another.module`.
    if pending or not tasks_seen or _imported_elsewhere(project, app, reached):
        return None
    return frozenset(reached)


def _may_define_tasks(module: LinkedModule) -> bool:
    for scope in module.facts.scopes:
        for decorator in scope.decorators:
            callee = decorator[2] if decorator[0] == "call" else decorator
            if callee[0] in ("name", "attr") and "task" in callee[-1].lower():
                return True
    return False


def _discovers(project: Project, app: App) -> bool:
    """Whether `autodiscover_tasks` is called on the app, or on what may be the app."""
    for module in project.modules:
        for expression in module.facts.expressions:
            if expression.expr[0] != "call":
                continue
            callee = expression.expr[2]
            if callee[0] == "attr" and callee[3] == "autodiscover_tasks":
                owner = app_of_expr(project, module, expression.scope, callee[2])
                if owner is None or owner is app:
                    return True
    return False


def _imported(project: Project, module: LinkedModule) -> Iterator[LinkedModule]:
    for name in module.facts.imports:
        source = project.names.imported_module(name, module)
        if isinstance(source, ModuleRef):
            yield source.module
        if isinstance(source, (ModuleRef, External)):
            # A folder without `__init__.py` is not found as a module, but its modules are.
            package = source.module.name if isinstance(source, ModuleRef) else source.name
            submodule = project.find(f"{package}.{name.attribute}", module)
            if submodule is not None:
                yield submodule


def _imported_elsewhere(project: Project, app: App, reached: set[str]) -> bool:
    """Whether code that does not come with the app imports it, so that its process may be any."""
    return any(
        found is app.module
        for module in project.modules
        if module.path not in reached
        for found in _imported(project, module)
    )
