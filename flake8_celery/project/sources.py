"""Config objects: what a module, class, dict or Django's settings give Celery as configuration.

A config object is read as Celery reads it (`celery/loaders/base.py: config_from_object`): every
attribute of a module, class or instance is a key, whatever it holds.  Django's settings show
only upper-case names.  Where a project has several settings modules for several deployments
(`settings/production.py`, `settings/dev.py`), each is a profile of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ..facts import Assignment, Expr, Span
from ..rule import Where
from .names import (
    FINAL,
    Definition,
    External,
    LinkedModule,
    ModuleRef,
    Target,
    Variable,
)
from .subject import is_test_path
from .values import (
    Const,
    Made,
    Mapping,
    Ref,
    Typed,
    Unknown,
    Value,
    flatten,
)

if TYPE_CHECKING:
    from . import Project

DJANGO_SETTINGS = frozenset({"django.conf.settings", "django.conf:settings"})
SETTINGS_VARIABLE = "DJANGO_SETTINGS_MODULE"
# The name of a Flask app's whole `config` as a config object.
FLASK = "app.config"
# Words in a settings module's name that say it is not for production.
NOT_PRODUCTION = frozenset(
    """test tests testing ci dev devel develop development local debug sandbox example sample
    docs build template""".split()
)
# Star imports from these add no settings of Celery's.
HARMLESS = frozenset("os sys typing django.conf.global_settings datetime".split())
LONGEST_CHAIN = 20


class Written:
    """One key as a source gives it.

    `where` is the key's place; `certain` is False when a branch may leave it out; `plain` says
    that it is assigned, rather than imported or defined as a function or class."""

    __slots__ = ("_make", "_value", "certain", "key", "plain", "where")

    def __init__(
        self,
        key: str,
        where: Where,
        make: Callable[[], Value],
        certain: bool = True,
        plain: bool = True,
    ) -> None:
        self.key = key
        self.where = where
        self.certain = certain
        self.plain = plain
        self._make = make
        self._value: Value | None = None

    @property
    def value(self) -> Value:
        """What is known of the value; computed when first asked for."""
        if self._value is None:
            self._value = self._make()
        return self._value


class ConfigObject(NamedTuple):
    """One config object: its keys in order, and why there may be more.

    `name` is shown to people (a module's dotted name); `production` is False for a profile that
    is made for tests or development."""

    name: str
    written: list[Written]
    open_reasons: list[str]
    production: bool


def open_object(reason: str) -> ConfigObject:
    """A config object of which nothing is known."""
    return ConfigObject("", [], [reason], True)


# Modules


def module_object(project: Project, module: LinkedModule) -> ConfigObject:
    """What a module gives as a config object."""
    names, reasons = _namespace(project, module, ())
    return ConfigObject(module.name, list(names.values()), reasons, not is_development(module.path))


def _namespace(
    project: Project, module: LinkedModule, importers: tuple[str, ...]
) -> tuple[dict[str, Written], list[str]]:
    """The names of a module once it has run, and why there may be others."""
    key = ("namespace", module.path)
    if key in project.kept:
        names, reasons = project.kept[key]
        return dict(names), list(reasons)
    if module.path in importers or len(importers) > LONGEST_CHAIN:
        return {}, []
    importers = (*importers, module.path)
    if module.facts.problem is not None:
        return {}, [f"{module.path} cannot be read"]
    names, reasons = {}, []
    if "dynamic" in module.facts.scopes[0].flags:
        reasons.append(f"names of {module.path} come and go")
    rows: dict[str, int] = {}
    for star in module.facts.imports:
        if star.attribute != "*" or star.scope != 0:
            continue
        source = project.names.imported_module(star, module)
        if not isinstance(source, ModuleRef):
            shown = source.name if isinstance(source, External) else star.module
            if shown not in HARMLESS and shown.partition(".")[0] not in ("celery", "kombu"):
                reasons.append(f"`{shown}` is not part of the project")
            continue
        found, why = _namespace(project, source.module, importers)
        reasons += why
        certain = is_certain(module, star.block)
        for name, written in found.items():
            if not _is_exported(name, source.module):
                continue
            before = names.get(name)
            if not certain:
                written = _perhaps(written, before)
            names[name] = written
            rows[name] = star.span[0]
    for name in module.names(0):
        bindings = module.bindings(0, name)
        if rows.get(name, 0) > bindings[-1].row:
            continue
        own = _own_name(project, module, 0, name)
        if name in names and not own.certain:
            own = _perhaps(own, names[name])
        names[name] = own
        rows.pop(name, None)
    for name, row in rows.items():
        changes = [c for c in module.changes(0, name) if c.span[0] > row]
        if changes:
            names[name] = _changed(project, module, names[name], changes)
    if len(importers) == 1:
        project.kept[key] = (dict(names), list(reasons))
    return names, reasons


def _is_exported(name: str, module: LinkedModule) -> bool:
    exports = module.facts.exports
    return name in exports if exports is not None else not name.startswith("_")


def _perhaps(written: Written, before: Written | None) -> Written:
    """`written` if a branch ran, else what was there `before`."""
    if before is None:
        return Written(written.key, written.where, lambda: written.value, False, written.plain)
    return Written(
        written.key,
        written.where,
        lambda: flatten(written.where, [written.value, before.value]),
        before.certain,
        written.plain or before.plain,
    )


def _own_name(project: Project, module: LinkedModule, scope: int, name: str) -> Written:
    target = project.names.lookup(name, module, scope, FINAL)
    bindings = module.bindings(scope, name)
    last = bindings[-1]
    payload = last.payload
    if isinstance(payload, Assignment):
        span: Span = payload.target[1]
    elif isinstance(payload, int):
        span = module.facts.scopes[payload].span
    else:
        span = payload.span if payload is not None else (last.row, 1, last.row, 1)
    where = Where(module, span)
    certain = any(is_certain(module, b.block) for b in bindings) or covers_all(
        module, [b.block for b in bindings]
    )
    plain = isinstance(payload, Assignment)
    return Written(name, where, lambda: project.values.value_of(target, where), certain, plain)


def _changed(
    project: Project, module: LinkedModule, written: Written, changes: list[Assignment]
) -> Written:
    """A name from a star import after the module's own in-place changes of it."""

    def make() -> Value:
        value = written.value
        for change in changes:
            certain = is_certain(module, change.block)
            value = project.values.changed(value, change, module, 0, certain)
        return value

    return Written(written.key, written.where, make, written.certain, written.plain)


def is_certain(module: LinkedModule, block: int) -> bool:
    """Whether a block surely runs when its scope does: the body of a `try` or `with` counts."""
    return all(
        (around.kind, around.arm) in (("try", "body"), ("with", "body"))
        for around in module.blocks_around(block)
    )


def covers_all(module: LinkedModule, blocks: list[int]) -> bool:
    """Whether one of the blocks surely runs: both arms of an `if` are among them."""
    arms: dict[tuple[int, int], set[str]] = {}
    for number in blocks:
        block = module.facts.blocks[number]
        if block.kind == "if" and is_certain(module, block.parent):
            row, column = block.statement
            arms.setdefault((row, column), set()).add(block.arm)
    return any(found == {"body", "else"} for found in arms.values())


# Classes, instances, dicts


def class_object(project: Project, cls: Definition, instance: bool) -> ConfigObject:
    """What a class, or an instance of it, gives as a config object."""
    names: dict[str, Written] = {}
    reasons: list[str] = []
    pydantic = False
    for base in reversed(project.names.bases(cls)):
        if isinstance(base, External):
            if base.name in ("builtins.object", "typing.NamedTuple"):
                continue
            pydantic = pydantic or "pydantic" in base.name
            reasons.append(f"`{cls.facts.name}` may inherit more")
            continue
        if not isinstance(base, Definition):
            reasons.append(f"a base of `{cls.facts.name}` cannot be followed")
            continue
        for name in base.module.names(base.scope):
            if name == "__init__" and instance:
                reasons.append(f"`{cls.facts.name}` sets up its instances at run time")
            if not name.startswith("__"):
                written = _own_name(project, base.module, base.scope, name)
                names[name] = _from_environment(written) if pydantic else written
    return ConfigObject(cls.qualified_name, list(names.values()), reasons, True)


def _from_environment(written: Written) -> Written:
    """A field of a pydantic settings class: the environment may give it another value."""

    def make() -> Value:
        default = written.value
        kind = type(default.constant).__name__ if isinstance(default, Const) else "object"
        return Typed(written.where, kind, default, "the environment")

    return Written(written.key, written.where, make, written.certain, written.plain)


def mapping_object(mapping: Mapping) -> ConfigObject:
    """What a dict gives as a config object."""
    reasons = ["a dict with keys that are not known"] if mapping.open else []
    written = []
    for entry in mapping.entries:
        if isinstance(entry.key, Const) and isinstance(entry.key.constant, str):
            written.append(Written(entry.key.constant, entry.where, _given(entry.item)))
        else:
            reasons.append("a dict with a key that is not known")
    return ConfigObject("", written, reasons, True)


def _given(value: Value) -> Callable[[], Value]:
    return lambda: value


# What `config_from_object` is given


def config_objects(
    project: Project, module: LinkedModule, scope: int, expr: Expr
) -> list[ConfigObject]:
    """The config objects that an expression may stand for, one per profile."""
    flask = flask_value(project, module, scope, expr)
    value = flask if flask is not None else project.values.evaluate(expr, module, scope)
    found: list[ConfigObject] = []
    for option in value.alternatives():
        found += _objects_of(project, module, option)
    if flask is not None and flask is flask_config(project):
        found = [config._replace(name=FLASK) for config in found]
    production = [not _is_development_name(config.name.rpartition(".")[2]) for config in found]
    if len(found) > 1 and any(production):
        found = [
            config._replace(production=config.production and own)
            for config, own in zip(found, production, strict=True)
        ]
    return found


def _objects_of(project: Project, module: LinkedModule, value: Value) -> list[ConfigObject]:
    if isinstance(value, Const):
        if isinstance(value.constant, str) and value.constant:
            return objects_named(project, module, value.constant)
        return [ConfigObject("", [], [], True)]
    if isinstance(value, Typed) and isinstance(value.default, Const):
        reason = f"{value.source} may name another object"
        return [
            found._replace(open_reasons=[*found.open_reasons, reason])
            for found in _objects_of(project, module, value.default)
        ]
    if isinstance(value, Mapping):
        return [mapping_object(value)]
    if isinstance(value, Made) and isinstance(value.callee, Definition):
        return [class_object(project, value.callee, True)]
    if isinstance(value, Ref):
        return _objects_of_target(project, module, value.target)
    return [open_object(value.describe())]


def _objects_of_target(
    project: Project, module: LinkedModule, target: Target
) -> list[ConfigObject]:
    if isinstance(target, ModuleRef):
        return [module_object(project, target.module)]
    if isinstance(target, Definition):
        if target.facts.kind == "class":
            return [class_object(project, target, False)]
        return [ConfigObject(target.qualified_name, [], [], True)]
    if isinstance(target, External):
        if target.name in DJANGO_SETTINGS:
            return django_profiles(project, module)
        return [open_object(f"`{target.name}` is not part of the project")]
    return [open_object("an object that cannot be followed")]


def objects_named(project: Project, module: LinkedModule, text: str) -> list[ConfigObject]:
    """The config objects that a text names: `module`, `module:object` or `module.object`
    (`celery/loaders/base.py: _smart_import`)."""
    if text in DJANGO_SETTINGS:
        return django_profiles(project, module)
    dotted, colon, attribute = text.partition(":")
    if not colon:
        found = project.find(dotted, module)
        if found is not None:
            return [module_object(project, found)]
        dotted, _, attribute = text.rpartition(".")
    found = project.find(dotted, module) if dotted else None
    if found is None:
        return [open_object(f"`{text}` is not part of the project")]
    target = project.names.member(ModuleRef(found), attribute, module)
    if isinstance(target, Variable):
        value = project.values.value_of_variable(target)
        if not isinstance(value, Const):
            return [
                config
                for option in value.alternatives()
                for config in _objects_of(project, found, option)
            ]
    return _objects_of_target(project, found, target)


# Django


def django_profiles(project: Project, module: LinkedModule) -> list[ConfigObject]:
    """Django's settings as `module` sees them, one object per profile."""
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
                production=not _is_development_name(cls.facts.name),
            )
            for cls in classes
        ]
    return [
        profile._replace(written=[w for w in profile.written if w.key.isupper()])
        for profile in profiles
    ]


CONFIGURATIONS = frozenset({"configurations.Configuration", "configurations.base.Configuration"})


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
    candidates = []
    for path in _nearest_first([p for p in project.paths if _may_be_settings(p)], module.path):
        candidate = project.module_at(path)
        if candidate is not None and not is_test_path(path):
            names, _ = _namespace(project, candidate, ())
            if "INSTALLED_APPS" in names:
                candidates.append(candidate)
    return candidates[:1], not named


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


def is_development(path: str) -> bool:
    """Whether a settings module at `path` is made for tests or development, by its name."""
    folder, _, file = path.rpartition("/")
    stem = file.rpartition(".")[0]
    if stem == "__init__":
        stem = folder.rpartition("/")[2]
    return is_test_path(path) or _is_development_name(stem)


def _is_development_name(name: str) -> bool:
    words = name.replace("-", "_")
    if not words.isupper():
        words = "".join(f"_{letter}" if letter.isupper() else letter for letter in words)
    return not NOT_PRODUCTION.isdisjoint(words.lower().split("_"))


def django_setting(project: Project, name: str, where: Where) -> Value | None:
    """The value of `settings.<name>` where it is read: one of its values in the profiles for
    production.  None when it is not known."""
    if not name.isupper():
        return None
    values: list[Value] = []
    for profile in django_profiles(project, where.module):
        if not profile.production:
            continue
        written = next((w for w in profile.written if w.key == name), None)
        if written is None or not written.certain:
            return None
        values.append(written.value)
    return flatten(where, values) if values else None


# Flask


def flask_value(project: Project, module: LinkedModule, scope: int, expr: Expr) -> Value | None:
    """The value of `app.config`, `app.config["X"]` or `app.config.get("X")` of a Flask app; None
    when the expression is no such thing."""
    key: str | None = None
    base = expr
    if expr[0] == "sub" and expr[3][0] == "const":
        base, key = expr[2], expr[3][2]
    elif expr[0] == "call" and expr[2][0] == "attr" and expr[2][3] == "get" and expr[3]:
        if expr[3][0][0] == "const":
            base, key = expr[2][2], expr[3][0][2]
    if base[0] != "attr" or base[3] != "config":
        return None
    owner = project.names.resolve(base[2], module, scope)
    if isinstance(owner, (ModuleRef, Definition)):
        return None
    where = Where(module, expr[1])
    config = flask_config(project)
    if key is None:
        return config
    entry = config.entry(key)
    if entry is not None:
        return entry.item
    # `from_object` may stand in a file that does not speak of Celery; the object it loads does.
    given = [
        Variable(other, number, key, _assignments(other, number, key))
        for other in project.modules
        if not is_test_path(other.path)
        for number, facts in enumerate(other.facts.scopes)
        if facts.kind in ("module", "class") and _assignments(other, number, key)
    ]
    if len(given) == 1:
        return project.values.value_of_variable(given[0])
    return Unknown(where, f"`{key}` of a Flask app")


def _assignments(module: LinkedModule, scope: int, name: str) -> tuple[Assignment, ...]:
    found = [binding.payload for binding in module.bindings(scope, name)]
    return tuple(payload for payload in found if isinstance(payload, Assignment))


def flask_config(project: Project) -> Mapping:
    """What the project writes to the `config` of its Flask app; there may always be more."""
    key = ("flask", "")
    if key not in project.kept:
        project.kept[key] = Mapping(Where(project.modules[0], (1, 1, 1, 1)), [], True)
        project.kept[key] = _flask_config(project)
    config: Mapping = project.kept[key]
    return config


def _flask_config(project: Project) -> Mapping:
    from .values import Entry

    found: dict[str, list[tuple[Const, Value]]] = {}

    def put(key: Value, item: Value) -> None:
        if isinstance(key, Const) and isinstance(key.constant, str):
            found.setdefault(key.constant, []).append((key, item))

    def put_all(value: Value) -> None:
        if isinstance(value, Mapping):
            for entry in value.entries:
                put(entry.key, entry.item)

    def put_call(module: LinkedModule, scope: int, call: Expr) -> None:
        for argument in call[3]:
            put_all(project.values.evaluate(argument, module, scope))
        for keyword, item, span in call[4]:
            value = project.values.evaluate(item, module, scope)
            if keyword is None:
                put_all(value)
            else:
                end = (span[0], span[1], span[0], span[1] + len(keyword))
                put(Const(Where(module, end), keyword), value)

    for module in project.modules:
        if is_test_path(module.path):
            continue
        for assignment in module.facts.assignments:
            target, scope = assignment.target, assignment.scope
            if target[0] == "sub" and assignment.op == "=" and _is_config(target[2]):
                key = project.values.evaluate(target[3], module, scope)
                put(key, project.values.evaluate(assignment.value, module, scope))
            elif assignment.op == ".update" and _is_config(target):
                put_call(module, scope, assignment.value)
        for expression in module.facts.expressions:
            call = expression.expr
            if call[0] != "call" or call[2][0] != "attr" or not _is_config(call[2][2]):
                continue
            method = call[2][3]
            if method == "from_mapping":
                put_call(module, expression.scope, call)
            elif method == "from_object" and call[3]:
                for config in config_objects(project, module, expression.scope, call[3][0]):
                    for written in config.written:
                        if written.key.isupper():
                            put(Const(written.where, written.key), written.value)
    place = Where(project.modules[0], (1, 1, 1, 1))
    entries = []
    for given in found.values():
        key, _ = given[0]
        entries.append(Entry(key, flatten(key.where, [item for _, item in given])))
    return Mapping(place, entries, True)


def _is_config(expr: Expr) -> bool:
    return bool(expr[0] == "attr" and expr[3] == "config")
