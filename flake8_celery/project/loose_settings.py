"""Settings that are certainly Celery's, though no app can be followed to them.

A settings module may be read by an app of another package, or through an object that is filled
at run time (a Flask application's `config`).  What it calls `CELERY_BEAT_SCHEDULE` is still a
schedule.  A variable `beat_schedule` is one only where configuration is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..celery import settings as table
from ..rule import Where
from .apps import App
from .config_objects import is_development
from .configuration import Setting, statements
from .names import LinkedModule, Variable
from .values import Const, Value

if TYPE_CHECKING:
    from . import Project

CONFIGURATION_MODULES = ("celeryconfig", "celery_config", "celery_settings")


class LooseSetting(NamedTuple):
    """A setting by its name since 4.0, where it is first assigned, and what it holds."""

    name: str
    where: Where
    scope: int
    value: Value
    production: bool


def loose_settings(project: Project, name: str) -> Iterator[LooseSetting]:
    """The values written for a setting that belong to no app of the project."""
    known = {(s.module.path, s.span[0]) for s in project.all(Setting)}
    upper = {f"{prefix.rstrip('_')}_{name}".upper() for prefix in _prefixes(project)}
    upper.add(table.to_old(name).upper())
    for module in project.modules:
        if module.facts.problem is not None:
            continue
        for scope in _places(module):
            for written in (*sorted(upper), name):
                if not module.bindings(scope, written):
                    continue
                if written == name and not _keeps_configuration(module, scope):
                    continue
                target = project.names.lookup(written, module, scope)
                if not isinstance(target, Variable) or target.scope != scope:
                    continue
                if any((module.path, a.span[0]) in known for a in target.assignments):
                    continue
                value = project.values.value_of_variable(target)
                where = Where(module, target.assignments[0].target[1])
                yield LooseSetting(name, where, scope, value, not is_development(module.path))


def _places(module: LinkedModule) -> Iterator[int]:
    """The scopes whose names may be settings: the module's and those of its classes."""
    for number, scope in enumerate(module.facts.scopes):
        if scope.kind in ("module", "class"):
            yield number


def _keeps_configuration(module: LinkedModule, scope: int) -> bool:
    """Whether the lower-case names of a scope are settings: by the name of the module or class."""
    if scope:
        return "celery" in module.facts.scopes[scope].name.lower()
    return module.path.rpartition("/")[2].rpartition(".")[0] in CONFIGURATION_MODULES


def _prefixes(project: Project) -> set[str]:
    """The namespaces that configuration is read with; Django's usual one where no app is seen."""
    found = {app.configuration.namespace for app in project.all(App)}
    for statement in statements(project):
        if statement.kind == "config_from_object":
            for keyword, expr, _ in statement.expr[4]:
                if keyword == "namespace":
                    value = project.values.evaluate(expr, statement.module, statement.scope)
                    if isinstance(value, Const) and isinstance(value.constant, str):
                        found.add(value.constant)
    prefixes = {namespace for namespace in found if namespace}
    return prefixes if found else {"CELERY"}
