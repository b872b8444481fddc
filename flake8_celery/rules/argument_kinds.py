"""What an argument of a task surely is, as the table of serializers names types."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..project.dispatch import last_name, result_of, task_of_expr
from ..project.names import Definition, External, Variable
from ..project.subject import Subject

if TYPE_CHECKING:
    from ..facts import Expr
    from ..project import Project

#: How far names are followed.
DEEPEST = 4
#: Canonical name -> the type that a call of it gives, as `celery/serializers.py` names it.
MAKERS = {
    "builtins.bytearray": "bytearray",
    "builtins.complex": "complex",
    "builtins.enumerate": "enumerate",
    "builtins.filter": "filter",
    "builtins.frozenset": "frozenset",
    "builtins.map": "map",
    "builtins.memoryview": "memoryview",
    "builtins.open": "file",
    "builtins.range": "range",
    "builtins.reversed": "reversed",
    "builtins.set": "set",
    "builtins.slice": "slice",
    "builtins.zip": "zip",
    "collections.ChainMap": "collections.ChainMap",
    "collections.deque": "collections.deque",
    "datetime.timedelta": "datetime.timedelta",
    "datetime.timezone": "datetime.timezone",
    "django.db.models.F": "dataclass",
    "django.db.models.Q": "dataclass",
    "fractions.Fraction": "fractions.Fraction",
    "io.BytesIO": "io.BytesIO",
    "io.StringIO": "io.StringIO",
    "ipaddress.IPv4Address": "ipaddress.IPv4Address",
    "ipaddress.IPv6Address": "ipaddress.IPv6Address",
    "pathlib.Path": "pathlib.Path",
    "pathlib.PosixPath": "pathlib.Path",
    "pathlib.PurePath": "pathlib.Path",
    "re.compile": "re.Pattern",
    "threading.Lock": "threading.Lock",
    "types.SimpleNamespace": "types.SimpleNamespace",
    "zoneinfo.ZoneInfo": "zoneinfo.ZoneInfo",
}
#: Constants of a module that are what `MAKERS` would make.
CONSTANTS = {"datetime.timezone.utc": "datetime.timezone"}
#: Base classes that the encoder treats as plain data, or that say nothing about it.
PLAIN_DATA = frozenset({"dict", "list", "tuple", "str", "int", "float", "bytes"})


def kind_of(place: Subject, expr: Expr, depth: int = 0) -> tuple[str, str] | None:
    """The type of an expression as the table of serializers names it, and a name to show; None
    where it is not known."""
    if depth > DEEPEST:
        return None
    read = READERS.get(expr[0])
    return None if read is None else read(place, expr, depth)


def _comprehension(place: Subject, expr: Expr, depth: int) -> tuple[str, str] | None:
    return (expr[2], "") if expr[2] in ("set", "generator") else None


def _name(place: Subject, expr: Expr, depth: int) -> tuple[str, str] | None:
    if result_of(place.project, place.module, place.scope, expr) is not None:
        return ("result", "")
    target = place.resolve(expr)
    if task_of_expr(place.project, place.module, place.scope, expr) is not None:
        return ("task", last_name(expr))
    if isinstance(target, External):
        if target.name in CONSTANTS:
            return (CONSTANTS[target.name], "")
        return _of_builtin(target)
    if isinstance(target, Definition):
        kind = target.facts.kind
        if kind == "class":
            plain = not target.facts.decorators or is_dataclass(place, target)
            return ("type", target.facts.name) if plain else None
        return ("function", target.facts.name) if not target.facts.decorators else None
    if isinstance(target, Variable):
        return _variable(place, target, depth)
    return None


def _of_builtin(target: External) -> tuple[str, str] | None:
    owner, _, name = target.name.partition(".")
    thing = getattr(builtins, name, None) if owner == "builtins" else None
    if isinstance(thing, type):
        return ("type", name)
    return None


def _variable(place: Subject, target: Variable, depth: int) -> tuple[str, str] | None:
    member = _enum_member(place, target)
    if member is not None:
        return member
    if target.module is not place.module:
        return None
    written = [a for a in target.assignments if a.op == "=" and a.target[0] == "name"]
    if len(written) != len(target.module.bindings(target.scope, target.name)):
        return None
    at = Subject(place.project, target.module, target.scope, 0, place.span)
    kinds = {kind_of(at, assignment.value, depth + 1) for assignment in written}
    return kinds.pop() if len(kinds) == 1 else None


def _enum_member(place: Subject, target: Variable) -> tuple[str, str] | None:
    if not target.scope or target.module.facts.scopes[target.scope].kind != "class":
        return None
    cls = Definition(target.module, target.scope)
    bases = place.project.names.bases(cls)
    names = {base.name for base in bases if isinstance(base, External)}
    known = all(isinstance(base, (External, Definition)) for base in bases)
    if known and "enum.Enum" in names and names <= {"enum.Enum", "builtins.object"}:
        if not defines(cls, "__json__", place.project) and not target.name.startswith("_"):
            return ("enum.Enum", f"{cls.facts.name}.{target.name}")
    return None


def defines(cls: Definition, name: str, project: Project) -> bool:
    """Whether a class or one of the project's classes among its bases defines a name."""
    return any(
        isinstance(base, Definition) and bool(base.module.bindings(base.scope, name))
        for base in project.names.bases(cls)
    )


def _call(place: Subject, expr: Expr, depth: int) -> tuple[str, str] | None:
    if result_of(place.project, place.module, place.scope, expr) is not None:
        return ("result", "")
    callee = expr[2]
    if callee[0] == "attr" and callee[3] in ("keys", "values", "items") and not expr[3]:
        if is_dict(place, callee[2]):
            return (f"dict_{callee[3]}", "")
    target = place.resolve(callee)
    if isinstance(target, External):
        made = MAKERS.get(target.name)
        if made is not None:
            return (made, target.name.rpartition(".")[2])
        owner, _, name = target.name.partition(".")
        thing = getattr(builtins, name, None) if owner == "builtins" else None
        if isinstance(thing, type) and issubclass(thing, BaseException):
            return ("exception", name)
        return None
    if not isinstance(target, Definition):
        return None
    facts = target.facts
    if facts.kind == "function" and "async" in facts.flags and not facts.decorators:
        return ("generator" if "generator" in facts.flags else "coroutine", facts.name)
    if facts.kind == "function" and "generator" in facts.flags and not facts.decorators:
        return ("generator", facts.name)
    return _instance(place, target) if facts.kind == "class" else None


def _instance(place: Subject, cls: Definition) -> tuple[str, str] | None:
    """What an instance of a class of the project is, when its bases are all known."""
    if defines(cls, "__json__", place.project):
        return None
    bases = place.project.names.bases(cls)
    names = {base.name for base in bases if isinstance(base, External)}
    if not all(isinstance(base, (External, Definition)) for base in bases):
        return None
    if any(is_exception(name) for name in names):
        return ("exception", cls.facts.name)
    if "pydantic.BaseModel" in names and not names & {f"builtins.{n}" for n in PLAIN_DATA}:
        return ("dataclass", cls.facts.name)
    if names <= {"builtins.object", "typing.Generic", "abc.ABC"} and is_dataclass(place, cls):
        return ("dataclass", cls.facts.name)
    return None


def is_exception(name: str) -> bool:
    """Whether a canonical name is one of Python's own exceptions."""
    owner, _, short = name.partition(".")
    thing = getattr(builtins, short, None) if owner == "builtins" else None
    return isinstance(thing, type) and issubclass(thing, BaseException)


def is_dataclass(place: Subject, cls: Definition) -> bool:
    """Whether `@dataclass` stands on a class, and nothing else."""
    decorators = cls.facts.decorators
    if len(decorators) != 1:
        return False
    callee = decorators[0][2] if decorators[0][0] == "call" else decorators[0]
    target = place.project.names.resolve(callee, cls.module, cls.facts.parent)
    return isinstance(target, External) and target.name == "dataclasses.dataclass"


def is_dict(place: Subject, expr: Expr) -> bool:
    """Whether an expression is surely a plain dict."""
    if expr[0] in ("dict",):
        return True
    if expr[0] == "comprehension":
        return bool(expr[2] == "dict")
    if expr[0] == "call":
        target = place.resolve(expr[2])
        return isinstance(target, External) and target.name == "builtins.dict"
    if expr[0] == "name":
        target = place.resolve(expr)
        if isinstance(target, Variable) and target.module is place.module:
            written = [a for a in target.assignments if a.op == "=" and a.target[0] == "name"]
            if len(written) != len(target.module.bindings(target.scope, target.name)):
                return False
            at = Subject(place.project, target.module, target.scope, 0, place.span)
            return bool(written) and all(
                a.value[0] != "name" and is_dict(at, a.value) for a in written
            )
    return False


def _caught(place: Subject, expr: Expr, depth: int) -> tuple[str, str] | None:
    if expr[2] is not None:
        for caught in expr[2][2] if expr[2][0] == "tuple" else [expr[2]]:
            cls = place.resolve(caught)
            if isinstance(cls, Definition) and defines(cls, "__json__", place.project):
                return None
    return ("exception", "")


def _entered(place: Subject, expr: Expr, depth: int) -> tuple[str, str] | None:
    found = kind_of(place, expr[2], depth + 1)
    return found if found is not None and found[0] == "file" else None


def _dict(place: Subject, expr: Expr, depth: int) -> tuple[str, str] | None:
    for key, _ in expr[2]:
        if key is None:
            continue
        if key[0] == "tuple":
            return ("tuple_keys", "")
        if key[0] == "bytes":
            return ("bytes_keys", "")
        if key[0] == "call":
            target = place.resolve(key[2])
            if isinstance(target, External) and target.name in (
                "datetime.date",
                "datetime.date.today",
            ):
                return ("date_keys", "")
    return None


def _set(place: Subject, expr: Expr, depth: int) -> tuple[str, str] | None:
    return ("set", "")


def _lambda(place: Subject, expr: Expr, depth: int) -> tuple[str, str] | None:
    return ("lambda", "")


READERS: dict[str, Callable[[Subject, Expr, int], tuple[str, str] | None]] = {
    "set": _set,
    "lambda": _lambda,
    "comprehension": _comprehension,
    "name": _name,
    "attr": _name,
    "call": _call,
    "caught": _caught,
    "enter": _entered,
    "dict": _dict,
}


def parts_of(expr: Expr, depth: int = 0) -> Iterator[Expr]:
    """An argument and what is written inside it: the items of lists and tuples, the values of
    dicts."""
    yield expr
    if depth > 3:
        return
    if expr[0] in ("list", "tuple"):
        for item in expr[2]:
            yield from parts_of(item, depth + 1)
    elif expr[0] == "dict":
        for _, value in expr[2]:
            yield from parts_of(value, depth + 1)
