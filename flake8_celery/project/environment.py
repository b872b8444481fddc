"""Values that come from outside through the well-known libraries for it: django-environ, environs,
python-decouple and Starlette's `Config`.  (`os.environ` is the evaluator's own.)"""

from __future__ import annotations

from ..rule import Where
from .names import External
from .values import Const, Items, Made, OneOf, Ref, Typed, Value

SOURCE = "the environment"
#: What reads the environment when it is called.
READERS = frozenset(
    """environ.Env environ.environ.Env environs.Env environs.env decouple.config decouple.Config
    decouple.AutoConfig starlette.config.Config""".split()
)
#: Readers whose methods convert: `env.bool("DEBUG")`.
CONVERTING = frozenset({"environ.Env", "environ.environ.Env", "environs.Env", "environs.env"})
TYPES = {
    "str": "str",
    "unicode": "str",
    "bytes": "bytes",
    "bool": "bool",
    "int": "int",
    "float": "float",
    "list": "list",
    "tuple": "object",
    "dict": "dict",
    "json": "object",
    "url": "str",
    "path": "object",
    "get_value": "str",
}


def is_reader(value: Value) -> bool:
    """Whether calling this value looks something up in the environment."""
    if isinstance(value, Made):
        return isinstance(value.callee, str) and value.callee in READERS
    return (
        isinstance(value, Ref)
        and isinstance(value.target, External)
        and value.target.name in ("decouple.config", "environs.env")
    )


def looked_up(
    reader: Value, method: str | None, where: Where, args: list[Value], kwargs: dict[str, Value]
) -> Value | None:
    """What `reader(...)` or `reader.method(...)` gives; None when it is no look-up."""
    name = reader.callee if isinstance(reader, Made) else "decouple.config"
    if method is not None and (name not in CONVERTING or method not in TYPES):
        return None
    default = kwargs.get("default", args[1] if len(args) > 1 else None)
    kind = TYPES[method] if method is not None else "str"
    cast = kwargs.get("cast")
    if cast is not None:
        kind = type_of(cast)
    elif method is None and name in CONVERTING and isinstance(reader, Made) and args:
        scheme = reader.kwargs.get(str(args[0].constant)) if isinstance(args[0], Const) else None
        # Of a variable whose name is not known the type is not known either.
        unnamed = bool(reader.kwargs) and not isinstance(args[0], Const)
        if scheme is not None or unnamed or reader.args or reader.starred:
            kind, default = _scheme(scheme, default)
    if default is None:
        return Typed(where, kind, None, SOURCE)
    if isinstance(default, Const) and type(default.constant).__name__ != kind:
        return OneOf(where, (Typed(where, kind, None, SOURCE), default))
    return Typed(where, kind, default, SOURCE)


def _scheme(scheme: Value | None, default: Value | None) -> tuple[str, Value | None]:
    """`environ.Env(DEBUG=(bool, False))` gives variables a type and a default."""
    if isinstance(scheme, Items) and scheme.items:
        given = scheme.items[1] if len(scheme.items) > 1 else None
        return type_of(scheme.items[0]), default or given
    return ("object" if scheme is None else type_of(scheme)), default


def type_of(cast: Value) -> str:
    """The type that a cast gives, as `Typed` names it."""
    if isinstance(cast, Ref) and isinstance(cast.target, External):
        return TYPES.get(cast.target.name.removeprefix("builtins."), "object")
    return "object"
