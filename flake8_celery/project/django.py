"""Django's settings as a config object.

Only upper-case names count.  Where a project has several settings modules for several deployments
(`settings/production.py`, `settings/dev.py`), each is a profile of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..facts import Assignment, Expr
from ..rule import Where
from .config_objects import (
    CONFIGURATIONS,
    ConfigObject,
    class_object,
    is_development,
    is_development_name,
    module_object,
    namespace_of,
    open_object,
)
from .names import Definition, External, LinkedModule, ModuleRef
from .subject import is_test_path
from .values import Const, Typed, Unknown, Value, flatten

if TYPE_CHECKING:
    from . import Project


SETTINGS_VARIABLE = "DJANGO_SETTINGS_MODULE"


def django_profiles(project: Project, module: LinkedModule) -> list[ConfigObject]:
    """Django's settings as `module` sees them, one object per profile."""
    key = ("django profiles", module.path)
    if key not in project.kept:
        # What asks while the settings are being read, sees nothing yet.
        project.kept[key] = [open_object("settings that are being read")]
        project.kept[key] = _find_profiles(project, module)
    profiles: list[ConfigObject] = project.kept[key]
    return profiles


def _find_profiles(project: Project, module: LinkedModule) -> list[ConfigObject]:
    chosen, sure = _settings_modules(project, module)
    if not chosen:
        return [open_object("no settings module of Django is part of the project")]
    profiles: list[ConfigObject] = []
    for settings in chosen:
        for member, production in _family(project, settings):
            for profile in _django_objects(project, member):
                reasons = [] if sure else ["the settings module is not part of the project"]
                profiles.append(
                    profile._replace(
                        production=production and profile.production,
                        open_reasons=[*profile.open_reasons, *reasons],
                    )
                )
    if not any(profile.production for profile in profiles):
        # Only made for development by its name, but the only one there is.
        first = chosen[0].name
        profiles = [
            profile._replace(production=profile.name.startswith(first)) for profile in profiles
        ]
    return profiles


def _django_objects(project: Project, module: LinkedModule) -> list[ConfigObject]:
    """The upper-case names of a settings module, or of its django-configurations classes."""
    config = module_object(project, module)._replace(production=True)
    classes = []
    for number, scope in enumerate(module.facts.scopes):
        if scope.kind == "class" and scope.parent == 0:
            cls = Definition(module, number)
            if any(
                isinstance(base, External) and base.name in CONFIGURATIONS
                for base in project.names.bases(cls)
            ):
                classes.append(cls)
    profiles = [config]
    if classes:
        profiles = [
            class_object(project, cls, False)._replace(
                name=f"{module.name}.{cls.facts.name}",
                production=not is_development_name(cls.facts.name),
            )
            for cls in classes
        ]
    return [
        profile._replace(written=[w for w in profile.written if w.key.isupper()])
        for profile in profiles
    ]


def _settings_modules(project: Project, module: LinkedModule) -> tuple[list[LinkedModule], bool]:
    """The settings modules that `module` may run with: the one it names itself, else those that
    `manage.py`, `wsgi.py` and the like near it name, else one that looks like settings.

    The second answer is False when those that are named are not part of the project."""
    key = ("settings modules", module.path)
    if key not in project.kept:
        project.kept[key] = _find_settings_modules(project, module)
    found: tuple[list[LinkedModule], bool] = project.kept[key]
    return found


def _find_settings_modules(
    project: Project, module: LinkedModule
) -> tuple[list[LinkedModule], bool]:
    own, named = _named_settings(project, module)
    if own:
        return own, True
    starters = [p for p in project.paths if p.rpartition("/")[2] in STARTERS]
    for path in _nearest_first(starters, module.path):
        starter = project.module_at(path)
        if starter is not None and not named:
            own, named = _named_settings(project, starter)
            if own:
                return own, True
    for path in _nearest_first([p for p in project.paths if _may_be_settings(p)], module.path):
        text = project.text_at(path)
        if is_test_path(path) or not (b"INSTALLED_APPS" in text or b"import *" in text):
            continue
        candidate = project.module_at(path)
        if candidate is not None and "INSTALLED_APPS" in namespace_of(project, candidate, ())[0]:
            return [candidate], not named
    return [], not named


STARTERS = ("manage.py", "wsgi.py", "asgi.py", "__main__.py")


def _may_be_settings(path: str) -> bool:
    folders, _, file = path.rpartition("/")
    return "settings" in file or folders.rpartition("/")[2] in ("settings", "config", "conf")


def _nearest_first(paths: list[str], path: str) -> list[str]:
    """`paths`, those that share most folders with `path` first."""
    folders = path.split("/")[:-1]

    def distance(other: str) -> tuple[int, str]:
        shared = 0
        for left, right in zip(folders, other.split("/")[:-1], strict=False):
            if left != right:
                break
            shared += 1
        return (-shared, other)

    return sorted(paths, key=distance)


def _named_settings(project: Project, module: LinkedModule) -> tuple[list[LinkedModule], bool]:
    """The settings modules that a module puts into the environment, as far as they are part of
    the project, and whether it names any."""
    found: list[LinkedModule] = []
    names = False
    for assignment in module.facts.assignments:
        named = _settings_name(assignment)
        if named is None:
            continue
        names = True
        value = project.values.evaluate(named, module, assignment.scope)
        for option in value.alternatives():
            if isinstance(option, Typed) and option.default is not None:
                option = option.default
            if isinstance(option, Const) and isinstance(option.constant, str):
                settings = project.find(option.constant, module)
                if settings is not None and settings not in found:
                    found.append(settings)
    return found, names


def _settings_name(assignment: Assignment) -> Expr | None:
    """The expression that `os.environ` gets as the name of Django's settings module."""
    target, value = assignment.target, assignment.value
    if assignment.op == ".setdefault" and target[0] == "attr" and target[3] == "environ":
        arguments = value[3]
        if len(arguments) == 2 and _is_settings_variable(arguments[0]):
            found: Expr = arguments[1]
            return found
    if assignment.op == "=" and target[0] == "sub" and _is_settings_variable(target[3]):
        return value
    return None


def _is_settings_variable(expr: Expr) -> bool:
    return bool(expr[0] == "const" and expr[2] == SETTINGS_VARIABLE)


def _family(project: Project, module: LinkedModule) -> list[tuple[LinkedModule, bool]]:
    """A settings module and those beside it that share its base, and which are for production.

    Modules that others build on (`settings/base.py`) are no profiles of their own."""
    folder = module.path.rpartition("/")[0]
    own = _star_sources(project, module, set())
    own_paths = {module.path, *(m.path for m in own)}
    members: dict[str, set[str]] = {module.path: own_paths}
    for path in project.paths:
        if path.rpartition("/")[0] != folder or not _may_be_settings(path) or path in members:
            continue
        sibling = project.module_at(path)
        if sibling is None:
            continue
        reach = {path, *(m.path for m in _star_sources(project, sibling, set()))}
        if reach & own_paths and path not in own_paths:
            members[path] = reach
    built_on = {p for path, reach in members.items() for p in reach if p != path}
    leaves = [path for path in members if path not in built_on]
    production = [path for path in leaves if not is_development(path)]
    if not production:
        production = [module.path]
        leaves = [module.path, *(path for path in leaves if path != module.path)]
    found = []
    for path in leaves:
        member = project.module_at(path)
        if member is not None:
            found.append((member, path in production))
    return found


def _star_sources(project: Project, module: LinkedModule, seen: set[str]) -> list[LinkedModule]:
    """The modules of the project that a module star-imports, also through others."""
    found: list[LinkedModule] = []
    for star in module.facts.imports:
        if star.attribute == "*":
            source = project.names.imported_module(star, module)
            if isinstance(source, ModuleRef) and source.module.path not in seen:
                seen.add(source.module.path)
                found.append(source.module)
                found += _star_sources(project, source.module, seen)
    return found


def django_setting(project: Project, name: str, where: Where) -> Value | None:
    """The value of `settings.<name>` where it is read: one of its values in the profiles for
    production.  None when it is not set there."""
    if not name.isupper():
        return None
    key = ("django names", where.module.path)
    if key not in project.kept:
        project.kept[key] = [
            {written.key: written for written in profile.written}
            for profile in django_profiles(project, where.module)
            if profile.production
        ]
    values: list[Value] = []
    for names in project.kept[key]:
        written = names.get(name)
        if written is None:
            return None
        if not written.certain:
            return Unknown(where, f"whether `{name}` is set at {written.where.shown}")
        values.append(written.value)
    return flatten(where, values) if values else None
