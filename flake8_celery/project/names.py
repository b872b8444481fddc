"""Names to what they mean, through scopes, imports, re-exports and star imports.

Nothing here guesses: a name that is rebound in ways that cannot be followed, that comes from a
file that does not parse, or that somebody may add at run time, is `Nothing` with the reason.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..celery.names import canonical_name
from ..facts import Assignment, Block, Expr, Import, Module, Scope

LONGEST_CHAIN = 40
BUILTINS = frozenset(dir(builtins))
# What these packages mean is Celery's business, also inside a checkout of Celery itself.
LIBRARIES = frozenset({"celery", "kombu", "billiard", "vine", "amqp"})
#: What gives an object by its dotted name, as it is called.
IMPORTERS = frozenset({"import_string", "symbol_by_name"})
FINAL = 1 << 60


class External(NamedTuple):
    """Something outside the project, by its canonical dotted name."""

    name: str


class ModuleRef(NamedTuple):
    """A module of the project."""

    module: LinkedModule


class Definition(NamedTuple):
    """A class or function of the project."""

    module: LinkedModule
    scope: int

    @property
    def facts(self) -> Scope:
        return self.module.facts.scopes[self.scope]

    @property
    def qualified_name(self) -> str:
        """`package.module.Outer.name`."""
        return f"{self.module.name}.{self.module.qualified_name(self.scope)}"


class Variable(NamedTuple):
    """A name that is assigned; `assignments` are those that may be the last, in source order,
    with the ones that change the value in place after them."""

    module: LinkedModule
    scope: int
    name: str
    assignments: tuple[Assignment, ...]


class ParameterRef(NamedTuple):
    """A parameter of a function or lambda of the project."""

    module: LinkedModule
    scope: int
    name: str


class Nothing(NamedTuple):
    """Not known, and why.  `absent`: everything was read and the name is not there."""

    why: str
    absent: bool = False


Target = External | ModuleRef | Definition | Variable | ParameterRef | Nothing


class Binding(NamedTuple):
    """One way in which a scope gives a name a meaning."""

    row: int
    block: int
    kind: str
    payload: Import | Assignment | int | None


# An import, an assignment, or a definition with the number of its scope.
Record = Import | Assignment | tuple[int, Scope]


class LinkedModule:
    """The facts of one file as a module of the project.

    `path` is relative to the root, with forward slashes; `name` is the dotted name by which the
    project's own imports reach it."""

    __slots__ = (
        "_bindings",
        "_final",
        "_indexed",
        "_meanings",
        "facts",
        "is_package",
        "name",
        "path",
    )

    def __init__(self, path: str, name: str, facts: Module) -> None:
        self.path = path
        self.name = name
        self.facts = facts
        self.is_package = path.endswith(("/__init__.py", "/__init__.pyi")) or path == "__init__.py"
        self._bindings: dict[tuple[int, str], list[Binding]] = {}
        self._indexed: dict[tuple[int, str], list[Record]] | None = None
        self._final: dict[str, Target] = {}
        self._meanings: dict[tuple[str, int, int], Target] = {}

    def __repr__(self) -> str:
        return f"LinkedModule({self.path!r})"

    @property
    def package(self) -> str:
        """The dotted name that relative imports start from."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    def qualified_name(self, scope: int) -> str:
        """A definition's dotted name inside the module, without Python's `<locals>`."""
        parts = []
        while scope > 0:
            facts = self.facts.scopes[scope]
            parts.append(facts.name or f"<{facts.kind}>")
            scope = facts.parent
        return ".".join(reversed(parts))

    def bindings(self, scope: int, name: str) -> list[Binding]:
        """The ways in which `scope` itself binds `name`, in source order."""
        key = (scope, name)
        found = self._bindings.get(key)
        if found is None:
            # Most names are never asked for, so that only these are worth sorting out.
            records = self._records.get(key, ())
            found = [made for record in records if (made := _binding(record)) is not None]
            scopes = self.facts.scopes
            if scope < len(scopes) and any(p.name == name for p in scopes[scope].parameters):
                found.append(Binding(0, 0, "parameter", None))
            found.sort(key=_row)
            self._bindings[key] = found
        return found

    def names(self, scope: int) -> list[str]:
        """The names that a scope binds, in the order in which they are first bound."""
        names = [parameter.name for parameter in self.facts.scopes[scope].parameters]
        names += [name for number, name in self._records if number == scope]
        return [name for name in dict.fromkeys(names) if self.bindings(scope, name)]

    def changes(self, scope: int, name: str) -> list[Assignment]:
        """The assignments in `scope` that change what `name` holds in place."""
        return [
            record
            for record in self._records.get((scope, name), ())
            if isinstance(record, Assignment) and _binding(record) is None
        ]

    def enclosing_function(self, scope: int) -> int:
        """The nearest function (not lambda, not comprehension) around or at `scope`, or 0."""
        scopes = self.facts.scopes
        while scope > 0 and scopes[scope].kind != "function":
            scope = scopes[scope].parent
        return max(scope, 0)

    def blocks_around(self, block: int) -> Iterator[Block]:
        """The blocks around a place inside one scope, innermost first."""
        blocks = self.facts.blocks
        while block > 0:
            yield blocks[block]
            block = blocks[block].parent

    @property
    def _records(self) -> dict[tuple[int, str], list[Record]]:
        """All that binds or changes a name, by scope and name."""
        if self._indexed is None:
            found: dict[tuple[int, str], list[Record]] = {}
            for number, scope in enumerate(self.facts.scopes):
                if number and scope.name:
                    found.setdefault((scope.parent, scope.name), []).append((number, scope))
            for name in self.facts.imports:
                found.setdefault((name.scope, name.name), []).append(name)
            for assignment in self.facts.assignments:
                root = root_of(assignment.target)
                if root is not None:
                    found.setdefault((assignment.scope, root), []).append(assignment)
            self._indexed = found
        return self._indexed


def _binding(record: Record) -> Binding | None:
    """How a record binds its name; None for an assignment that only changes what it holds."""
    if isinstance(record, Import):
        return Binding(record.span[0], record.block, "import", record)
    if isinstance(record, Assignment):
        if record.target[0] == "name" and record.op in ("=", "del"):
            return Binding(record.span[0], record.block, "assignment", record)
        return None
    number, scope = record
    return Binding(scope.span[0], scope.block, "definition", number)


def _row(binding: Binding) -> int:
    return binding.row


def root_of(expr: Expr) -> str | None:
    """The name that an attribute or subscript chain starts from, or None."""
    while expr[0] in ("attr", "sub"):
        expr = expr[2]
    return expr[2] if expr[0] == "name" else None


class Names:
    """Resolves names in the modules of one project.

    `find` gives a module by its dotted name as seen from another module, or None when there is
    no such module in the project."""

    def __init__(self, find: Callable[[str, LinkedModule], LinkedModule | None]) -> None:
        self.find = find
        self._under_way: set[tuple[str, int, str]] = set()

    def resolve(self, expr: Expr, module: LinkedModule, scope: int) -> Target:
        """What a name or attribute chain means where it stands.  Aliases are followed."""
        return self.follow(self._resolve(expr, module, scope, 0))

    def _resolve(self, expr: Expr, module: LinkedModule, scope: int, depth: int) -> Target:
        if depth > LONGEST_CHAIN:
            return Nothing("too long a chain of names")
        if expr[0] == "name":
            return self.lookup(expr[2], module, scope, expr[1][0])
        if expr[0] == "attr":
            base = self.follow(self._resolve(expr[2], module, scope, depth + 1))
            return self.member(base, expr[3], module)
        return Nothing(f"not a name: {expr[0]}")

    def follow(self, target: Target) -> Target:
        """Through plain aliases (`a = b`, `a = m.b`) to what they stand for."""
        for _ in range(LONGEST_CHAIN):
            if not isinstance(target, Variable):
                return target
            expr = sole_value(target)
            if expr is None or expr[0] not in ("name", "attr"):
                return target
            key = (target.module.path, target.scope, target.name)
            if key in self._under_way:
                return Nothing("a name that is defined by itself")
            self._under_way.add(key)
            try:
                step = self._resolve(expr, target.module, target.scope, 0)
            finally:
                self._under_way.discard(key)
            if isinstance(step, Nothing):
                return target if not step.absent else step
            target = step
        return Nothing("too long a chain of aliases")

    def lookup(self, name: str, module: LinkedModule, scope: int, row: int = FINAL) -> Target:
        """What `name` means at `row` of `scope`; FINAL: once the scope has run to its end."""
        key = (name, scope, row)
        found = module._meanings.get(key)
        if found is None:
            found = self._lookup(name, module, scope, row)
            # What was found out on the way round a circle of imports may be incomplete.
            if not self._under_way:
                module._meanings[key] = found
        return found

    def _lookup(self, name: str, module: LinkedModule, scope: int, row: int) -> Target:
        scopes = module.facts.scopes
        if not scopes:
            return Nothing(f"{module.path} cannot be read")
        own = scope
        while scope >= 0:
            if scope == own or scopes[scope].kind != "class":
                bindings = module.bindings(scope, name)
                if bindings:
                    at = row if scope == own else FINAL
                    return self._decide(bindings, name, module, scope, at)
                if scope == own and scopes[scope].kind in ("lambda", "comprehension"):
                    # They run where they stand, so a later rebinding is not seen as final.
                    own = scopes[scope].parent
            scope = scopes[scope].parent
        return self._from_stars(name, module)

    def _from_stars(self, name: str, module: LinkedModule) -> Target:
        doubt: Nothing | None = None
        for star in reversed(module.facts.imports):
            if star.attribute != "*":
                continue
            source = self.imported_module(star, module)
            if isinstance(source, External):
                if name not in BUILTINS:
                    doubt = Nothing(f"may come from `{source.name}`")
                continue
            if not isinstance(source, ModuleRef):
                doubt = Nothing("star import that cannot be followed")
                continue
            exports = source.module.facts.exports
            if (exports is None and name.startswith("_")) or (
                exports is not None and name not in exports
            ):
                continue
            found = self.member(source, name, module)
            if not (isinstance(found, Nothing) and found.absent):
                return found
        if doubt is not None:
            return doubt
        if name in BUILTINS:
            return External(f"builtins.{name}")
        if module.facts.problem or "dynamic" in module.facts.scopes[0].flags:
            return Nothing(f"names of {module.path} come and go")
        return Nothing(f"`{name}` is not defined", absent=True)

    def _decide(
        self, bindings: list[Binding], name: str, module: LinkedModule, scope: int, row: int
    ) -> Target:
        before = [binding for binding in bindings if binding.row <= row]
        candidates = self._last_possible(before or bindings, module)
        last = candidates[-1]
        if all(binding.kind == "assignment" for binding in candidates):
            assignments = [b.payload for b in candidates if isinstance(b.payload, Assignment)]
            changes = [
                change
                for change in module.changes(scope, name)
                if change.span[0] >= assignments[0].span[0] and change.span[0] <= row
            ]
            ordered = sorted([*assignments, *changes], key=_position)
            return Variable(module, scope, name, tuple(ordered))
        if len(candidates) > 1:
            return Nothing(f"`{name}` has several meanings")
        if isinstance(last.payload, Import):
            return self.imported(last.payload, module)
        if isinstance(last.payload, int):
            return Definition(module, last.payload)
        return ParameterRef(module, scope, name)

    def _last_possible(self, bindings: list[Binding], module: LinkedModule) -> list[Binding]:
        """The bindings of which one is the last to have run."""
        blocks = module.facts.blocks
        running = [b for b in bindings if not any(x.typing for x in module.blocks_around(b.block))]
        kept: list[Binding] = []
        for binding in reversed(running or bindings):
            block = blocks[binding.block]
            if (
                block.kind == "try"
                and block.arm == "handler"
                and self._tries(block, bindings, blocks)
            ):
                continue
            kept.append(binding)
            # The body of a `try` or a `with` counts as always run.
            if all(
                (b.kind, b.arm) in (("try", "body"), ("with", "body"))
                for b in module.blocks_around(binding.block)
            ):
                break
        return kept[::-1]

    @staticmethod
    def _tries(handler: Block, bindings: list[Binding], blocks: object) -> bool:
        """Whether the `try` of this handler binds the name in its body."""
        for binding in bindings:
            block = blocks[binding.block]  # type: ignore[index]
            if block.arm in ("body", "else") and block.kind == "try":
                if tuple(block.statement) == tuple(handler.statement):
                    return True
        return False

    def imported_module(self, name: Import, module: LinkedModule) -> Target:
        """The module that an import statement names."""
        dotted = absolute_name(name.module, module)
        if dotted is None:
            return Nothing("relative import beyond the top")
        if not dotted:
            # `from . import name` in a folder that is no package: its files are the names.
            dotted = name.attribute
        return self.module_named(dotted, module)

    def module_named(self, dotted: str, importer: LinkedModule) -> Target:
        """The module of that dotted name: of the project, or outside it."""
        if dotted.partition(".")[0] not in LIBRARIES:
            found = self.find(dotted, importer)
            if found is not None:
                return ModuleRef(found)
        return External(canonical_name(dotted))

    def imported(self, name: Import, module: LinkedModule) -> Target:
        """What an import statement binds."""
        source = self.imported_module(name, module)
        if not name.attribute or isinstance(source, Nothing):
            return source
        if not absolute_name(name.module, module):
            return source
        return self.member(source, name.attribute, module)

    def member(self, base: Target, name: str, importer: LinkedModule) -> Target:
        """The attribute `name` of a module, class or name from outside."""
        if isinstance(base, External):
            inside = self._in_namespace_package(f"{base.name}.{name}", importer)
            return inside or External(canonical_name(f"{base.name}.{name}"))
        if isinstance(base, ModuleRef):
            return self._member_of_module(base.module, name, importer)
        if isinstance(base, Definition) and base.facts.kind == "class":
            return self.class_attribute(base, name)
        if isinstance(base, Nothing):
            return base
        return Nothing(f"attribute `{name}` of a value")

    def _in_namespace_package(self, dotted: str, importer: LinkedModule) -> ModuleRef | None:
        """The project's module of a dotted name whose folders, from the root or `src` on, have no
        `__init__.py`."""
        if dotted.partition(".")[0] in LIBRARIES:
            return None
        found = self.find(dotted, importer)
        folder = dotted.replace(".", "/")
        if found is None or not found.path.removeprefix("src/").startswith(
            (f"{folder}.", f"{folder}/")
        ):
            return None
        return ModuleRef(found)

    def _member_of_module(self, module: LinkedModule, name: str, importer: LinkedModule) -> Target:
        key = (module.path, 0, name)
        known = module._final.get(name)
        if known is not None:
            return known
        if key in self._under_way:
            return Nothing("circular import")
        self._under_way.add(key)
        try:
            found = self.lookup(name, module, 0)
        finally:
            self._under_way.discard(key)
        outside = isinstance(found, External) and found.name.startswith("builtins.")
        if outside and not module.bindings(0, name):
            found = Nothing(f"`{name}` is not defined in {module.path}", absent=True)
        if isinstance(found, Nothing) and found.absent:
            submodule = self.find(f"{module.name}.{name}", importer) if module.is_package else None
            if submodule is not None:
                found = ModuleRef(submodule)
            elif module.bindings(0, "__getattr__"):
                found = Nothing(f"{module.path} defines __getattr__")
        if not self._under_way:
            module._final[name] = found
        return found

    def class_attribute(self, cls: Definition, name: str) -> Target:
        """An attribute of a class or of its bases; unknown when a base is."""
        doubt: Nothing | None = None
        for base in self.bases(cls):
            if not isinstance(base, Definition):
                if not (isinstance(base, External) and base.name in PLAIN_BASES):
                    doubt = Nothing(f"may be inherited by `{cls.facts.name}`")
                continue
            if base.module.bindings(base.scope, name):
                if doubt is not None:
                    return doubt
                return self.lookup(name, base.module, base.scope)
        return doubt or Nothing(f"`{cls.facts.name}` has no `{name}`", absent=True)

    def bases(self, cls: Definition) -> list[Target]:
        """A class and all its bases, as Python looks them up; what is not of the project ends a
        branch.  A base that several share comes after all of them."""
        order: list[Target] = []
        pending: list[Target] = [cls]
        for _ in range(LONGEST_CHAIN):
            if not pending:
                return order
            target = pending.pop()
            if target in order and not isinstance(target, Nothing):
                order.remove(target)
            order.append(target)
            if isinstance(target, Definition) and target.facts.kind == "class":
                parent = target.facts.parent
                bases = [self.resolve(b, target.module, parent) for b in target.facts.bases]
                pending += reversed(bases)
        return [*order, Nothing("too many bases")]


PLAIN_BASES = frozenset(
    "builtins.object builtins.str builtins.int enum.Enum enum.IntEnum enum.StrEnum "
    "django.db.models.TextChoices".split()
)


def _position(assignment: Assignment) -> tuple[int, int]:
    return (assignment.span[0], assignment.span[1])


def sole_value(variable: Variable) -> Expr | None:
    """The expression of a variable that is assigned once and never changed, or None."""
    if len(variable.assignments) != 1 or variable.assignments[0].op != "=":
        return None
    return variable.assignments[0].value


def absolute_name(written: str, module: LinkedModule) -> str | None:
    """A module name as an import writes it, dots and all, made absolute; None beyond the top."""
    name = written.lstrip(".")
    level = len(written) - len(name)
    if not level:
        return name
    parts = module.package.split(".") if module.package else []
    if level - 1 > len(parts):
        # A folder without `__init__.py` inside a package: a namespace package of its own.
        parts = module.path.split("/")[:-1]
    if level - 1 > len(parts):
        return None
    base = parts[: len(parts) - (level - 1)]
    return ".".join([*base, name] if name else base)
