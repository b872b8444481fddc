"""Config objects: what a module, class or dict gives Celery as configuration.

A config object is read as Celery reads it (`celery/loaders/base.py: config_from_object`): every
attribute of a module, class or instance is a key, whatever it holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ..facts import Assignment, Span
from ..rule import Where
from .names import FINAL, Definition, External, LinkedModule, ModuleRef
from .subject import is_test_path
from .values import Const, Mapping, Typed, Unknown, Value, flatten

if TYPE_CHECKING:
    import ast

    from . import Project

# Words in a settings module's name that say it is not for production.
NOT_PRODUCTION = frozenset(
    """test tests testing ci dev devel develop development local debug sandbox example sample
    docs build template""".split()
)
# Star imports from these add no settings of Celery's.
HARMLESS = frozenset("os sys typing django.conf.global_settings datetime".split())
# Base classes that give no settings of Celery's: django-configurations brings Django's own.
CONFIGURATIONS = frozenset({"configurations.Configuration", "configurations.base.Configuration"})
PLAIN_BASES = frozenset({"builtins.object", "typing.NamedTuple"})
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
    names, reasons = namespace_of(project, module, ())
    return ConfigObject(module.name, list(names.values()), reasons, not is_development(module.path))


def namespace_of(
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
    branches: dict[str, list[int]] = {}
    for star in module.facts.imports:
        if star.attribute != "*" or star.scope != 0:
            continue
        source = project.names.imported_module(star, module)
        if not isinstance(source, ModuleRef):
            shown = source.name if isinstance(source, External) else star.module
            if shown not in HARMLESS and shown.partition(".")[0] not in ("celery", "kombu"):
                reasons.append(f"`{shown}` is not part of the project")
            continue
        found, why = namespace_of(project, source.module, importers)
        reasons += why
        certain = is_certain(module, star.block)
        for name, written in found.items():
            if not _is_exported(name, source.module):
                continue
            before = names.get(name)
            if not certain:
                blocks = branches.setdefault(name, [])
                blocks.append(star.block)
                written = _perhaps(written, before)
                written.certain = written.certain or covers_all(module, blocks)
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
    own = Written(name, where, lambda: project.values.value_of(target, where), certain, plain)
    changes = [] if plain else [c for c in module.changes(scope, name) if c.span[0] > last.row]
    return _changed(project, module, own, changes) if changes else own


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
    """Whether a block surely runs when its scope does: the body of a `try` or `with` counts, and
    that of `if True`."""
    return all(
        (around.kind, around.arm) in (("try", "body"), ("with", "body"))
        or (
            (around.kind, around.arm) == ("if", "body")
            and around.exprs
            and around.exprs[0][0] == "const"
            and bool(around.exprs[0][2])
        )
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
            if base.name in PLAIN_BASES or base.name in CONFIGURATIONS:
                continue
            pydantic = pydantic or "pydantic" in base.name
            reasons.append(f"`{cls.facts.name}` may inherit more")
            continue
        if not isinstance(base, Definition):
            reasons.append(f"a base of `{cls.facts.name}` cannot be followed")
            continue
        for name in base.module.names(base.scope):
            if not name.startswith("__"):
                written = _own_name(project, base.module, base.scope, name)
                names[name] = _from_environment(written) if pydantic else written
    if instance:
        reasons += _set_up(project, cls, names)
    return ConfigObject(cls.qualified_name, list(names.values()), reasons, True)


def _set_up(project: Project, cls: Definition, names: dict[str, Written]) -> list[str]:
    """Puts what `__init__` gives an instance over the `names` of its class; says why it may give
    more."""
    target = project.names.class_attribute(cls, "__init__")
    if not isinstance(target, Definition) or not target.facts.parameters:
        return []
    module, scope = target.module, target.scope
    simple = _only_assigns(project, target)
    if not simple:
        for name, written in names.items():
            unknown = Unknown(written.where, f"`{cls.facts.name}.__init__` may change it")
            names[name] = Written(name, written.where, _given(unknown), False, written.plain)
    for change in module.changes(scope, target.facts.parameters[0].name):
        if change.op == "=" and change.target[0] == "attr" and change.target[2][0] == "name":
            name = change.target[3]
            value = project.values.evaluate(change.value, module, scope)
            own = Written(name, Where(module, change.target[1]), _given(value))
            certain = is_certain(module, change.block)
            names[name] = own if certain else _perhaps(own, names.get(name))
    return [] if simple else [f"`{cls.facts.name}` sets up its instances at run time"]


def _only_assigns(project: Project, function: Definition) -> bool:
    """Whether a method does nothing but give plain attributes to `self`."""
    import ast

    try:
        tree = ast.parse(project.text_of(function.module))
    except (SyntaxError, ValueError, RecursionError):
        return False
    row = function.facts.span[0]
    own = function.facts.parameters[0].name
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.lineno == row:
            return all(_is_plain_assignment(statement, own) for statement in node.body)
    return False


def _is_plain_assignment(statement: ast.stmt, own: str) -> bool:
    import ast

    if isinstance(statement, ast.Pass):
        return True
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return bool(targets) and all(
        isinstance(target, ast.Attribute)
        and isinstance(target.value, ast.Name)
        and target.value.id == own
        for target in targets
    )


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


# Names of settings for tests and development


def is_development(path: str) -> bool:
    """Whether a settings module at `path` is made for tests or development, by its name."""
    folder, _, file = path.rpartition("/")
    stem = file.rpartition(".")[0]
    if stem == "__init__":
        stem = folder.rpartition("/")[2]
    return is_test_path(path) or is_development_name(stem)


def is_development_name(name: str) -> bool:
    """The same for the name of a module or class."""
    words = name.replace("-", "_")
    if not words.isupper():
        words = "".join(f"_{letter}" if letter.isupper() else letter for letter in words)
    return not NOT_PRODUCTION.isdisjoint(words.lower().split("_"))
