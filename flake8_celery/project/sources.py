"""What `config_from_object` is given, and the configuration of Flask apps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..facts import Assignment, Expr
from ..rule import Where
from .config_objects import (
    ConfigObject,
    class_object,
    is_development_name,
    mapping_object,
    module_object,
    open_object,
)
from .django import django_profiles
from .names import Definition, External, LinkedModule, ModuleRef, Target, Variable
from .subject import is_test_path
from .values import Const, Entry, Made, Mapping, Ref, Typed, Unknown, Value, flatten

if TYPE_CHECKING:
    from . import Project


DJANGO_SETTINGS = frozenset({"django.conf.settings", "django.conf:settings"})
# The name of a Flask app's whole `config` as a config object.
FLASK = "app.config"


def config_objects(
    project: Project, module: LinkedModule, scope: int, expr: Expr
) -> list[ConfigObject]:
    """The config objects that an expression may stand for, one per profile."""
    flask = flask_value(project, module, scope, expr)
    value = flask if flask is not None else project.values.evaluate(expr, module, scope)
    found: list[ConfigObject] = []
    for option in value.alternatives():
        found += _objects_of(project, module, option)
    if is_test_path(module.path) and not any(config.production for config in found):
        # All of an example lies in a folder that is not for production.
        found = [config._replace(production=True) for config in found]
    if flask is not None and flask is flask_config(project):
        found = [config._replace(name=FLASK) for config in found]
    production = [not is_development_name(config.name.rpartition(".")[2]) for config in found]
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
            if call[0] != "call" or call[2][0] != "attr":
                continue
            method = call[2][3]
            if not _is_config(call[2][2]) and not (
                method == "from_object" and _is_own_config(call[2][2])
            ):
                continue
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


def _is_own_config(expr: Expr) -> bool:
    """Whether a name is that of a configuration which a Flask app gets later: `app_config`."""
    return bool(expr[0] == "name" and "config" in expr[2].lower())
