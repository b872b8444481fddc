"""What is known of an expression: the kinds of values, and how dicts are built of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..facts import Span
from ..rule import Undecided, Where
from .names import Definition, External, Target

MOST_ALTERNATIVES = 8


class Value:
    """What is known of an expression, and where it was written."""

    __slots__ = ("where",)
    where: Where

    def __init__(self, where: Where) -> None:
        self.where = where

    @property
    def known(self) -> bool:
        """Whether the exact value is known, so that `value` can be asked."""
        return False

    @property
    def value(self) -> Any:
        """The exact Python value (dicts, lists, tuples, sets, constants); raises Undecided."""
        raise Undecided(f"{self.describe()} at {self.where.shown}")

    def alternatives(self) -> tuple[Value, ...]:
        """The values of which it is one; itself when it is not several."""
        return (self,)

    def describe(self) -> str:
        """A few words for the report of what is undecided."""
        return "a value that is not known"

    @property
    def span(self) -> Span:
        return self.where.span


class Const(Value):
    """None, a bool, a number, a text or bytes."""

    __slots__ = ("constant",)

    def __init__(self, where: Where, constant: Any) -> None:
        self.where = where
        self.constant = constant

    @property
    def known(self) -> bool:
        return True

    @property
    def value(self) -> Any:
        return self.constant


class Items(Value):
    """A list, tuple or set; `open`: it may hold more than `items`, at places unknown."""

    __slots__ = ("items", "kind", "open")

    def __init__(self, where: Where, kind: str, items: list[Value], open: bool) -> None:
        self.where = where
        self.kind = kind
        self.items = items
        self.open = open

    @property
    def known(self) -> bool:
        return not self.open and all(item.known for item in self.items)

    @property
    def value(self) -> Any:
        if self.open:
            raise Undecided(f"a {self.kind} with parts that are not known at {self.where.shown}")
        values = [item.value for item in self.items]
        if self.kind == "tuple":
            return tuple(values)
        if self.kind == "list":
            return values
        try:
            return set(values)
        except TypeError:
            raise Undecided(f"a set of unhashable items at {self.where.shown}") from None


class Entry:
    """One key and value of a mapping.  `where` is the key's place."""

    __slots__ = ("item", "key")

    def __init__(self, key: Value, item: Value) -> None:
        self.key = key
        self.item = item

    @property
    def where(self) -> Where:
        return self.key.where


class Mapping(Value):
    """A dict; `open`: it may hold more keys than `entries`, or others in their place."""

    __slots__ = ("_placed", "_places", "entries", "open")

    def __init__(self, where: Where, entries: list[Entry], open: bool) -> None:
        self.where = where
        self.entries = entries
        self.open = open
        # Where the first `_placed` entries stand: generated tables have thousands.
        self._places: dict[tuple[bool, object], int] = {}
        self._placed = 0

    def place(self, key: object) -> int | None:
        """Where the last entry under a constant key is in `entries`, which only ever grow."""
        for at in range(self._placed, len(self.entries)):
            written = self.entries[at].key
            if isinstance(written, Const):
                self._places[isinstance(written.constant, bool), written.constant] = at
        self._placed = len(self.entries)
        return self._places.get((isinstance(key, bool), key))

    @property
    def known(self) -> bool:
        return not self.open and all(e.key.known and e.item.known for e in self.entries)

    @property
    def value(self) -> Any:
        if self.open:
            raise Undecided(f"a dict with keys that are not known at {self.where.shown}")
        try:
            return {entry.key.value: entry.item.value for entry in self.entries}
        except TypeError:
            raise Undecided(f"a dict with unhashable keys at {self.where.shown}") from None

    def entry(self, key: object) -> Entry | None:
        """The last entry under a constant key, or None when no entry is written under it.

        None does not mean absent while the mapping is open: see `absent`."""
        place = self.place(key)
        return None if place is None else self.entries[place]

    def get(self, key: object) -> Value | None:
        """The value under a key; None when it is absent; Undecided when that is not known."""
        entry = self.entry(key)
        if entry is not None:
            return entry.item
        if self.open or any(not e.key.known for e in self.entries):
            raise Undecided(f"whether there is a key {key!r} at {self.where.shown}")
        return None


class Text(Value):
    """A text of which only the beginning and the end are known."""

    __slots__ = ("head", "tail")

    def __init__(self, where: Where, head: str, tail: str) -> None:
        self.where = where
        self.head = head
        self.tail = tail

    def describe(self) -> str:
        return f"a text that starts with {self.head!r}" if self.head else "a text"


class Typed(Value):
    """Something of a known type from outside (an environment look-up, a converted text).

    `type` is "str", "int", "float", "bool", "list", "dict", "bytes" or "object"; `default` is
    what a bare checkout gets, or None; `source` names where it comes from."""

    __slots__ = ("default", "source", "type")

    def __init__(self, where: Where, type: str, default: Value | None, source: str) -> None:
        self.where = where
        self.type = type
        self.default = default
        self.source = source

    def describe(self) -> str:
        return f"{'an' if self.type[0] in 'aeiou' else 'a'} {self.type} from {self.source}"


class OneOf(Value):
    """One of several values, which one is not known."""

    __slots__ = ("options",)

    def __init__(self, where: Where, options: tuple[Value, ...]) -> None:
        self.where = where
        self.options = options

    def alternatives(self) -> tuple[Value, ...]:
        return self.options

    def describe(self) -> str:
        return "one of several values"


class Made(Value):
    """What a call gives: `callee` is the canonical dotted name or the project's definition.

    `args` and `kwargs` are its arguments; `starred` says that some of them are not known."""

    __slots__ = ("args", "callee", "kwargs", "starred")

    def __init__(
        self,
        where: Where,
        callee: str | Definition,
        args: list[Value],
        kwargs: dict[str, Value],
        starred: bool,
    ) -> None:
        self.where = where
        self.callee = callee
        self.args = args
        self.kwargs = kwargs
        self.starred = starred

    def describe(self) -> str:
        name = self.callee if isinstance(self.callee, str) else self.callee.qualified_name
        return f"what `{name}` gives"


class Ref(Value):
    """A class, function, module or name from outside, itself."""

    __slots__ = ("target",)

    def __init__(self, where: Where, target: Target) -> None:
        self.where = where
        self.target = target

    def describe(self) -> str:
        if isinstance(self.target, External):
            return f"`{self.target.name}`"
        return "a class, function or module"


class Unknown(Value):
    """Not known, and why."""

    __slots__ = ("why",)

    def __init__(self, where: Where, why: str) -> None:
        self.where = where
        self.why = why

    def describe(self) -> str:
        return self.why


def same(a: object, b: object) -> bool:
    """Equality that keeps True and 1 apart."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def flatten(where: Where, values: Sequence[Value]) -> Value:
    """One of `values`; the value itself when there is one; unknown when there are too many."""
    options: list[Value] = []
    for value in values:
        for option in value.alternatives():
            if isinstance(option, Const) and any(
                isinstance(o, Const) and same(o.constant, option.constant) for o in options
            ):
                continue
            options.append(option)
    if len(options) == 1:
        return options[0]
    if not options or len(options) > MOST_ALTERNATIVES:
        return Unknown(where, "one of many values")
    return OneOf(where, tuple(options))


def put(mapping: Mapping, key: Value, item: Value, certain: bool = True) -> None:
    """Sets one key of a mapping that is being built; perhaps, when not `certain`."""
    if isinstance(key, Const):
        place = mapping.place(key.constant)
        if place is not None:
            new = item if certain else flatten(item.where, [mapping.entries[place].item, item])
            mapping.entries[place] = Entry(key, new)
            return
    elif not isinstance(key, Ref):
        mapping.entries[:] = doubtful_entries(mapping)
        mapping.open = True
    # A key that is perhaps set is perhaps not there.
    mapping.open = mapping.open or not certain
    mapping.entries.append(Entry(key, item))


def merge(mapping: Mapping, other: Value, certain: bool = True) -> None:
    """Updates a mapping that is being built with another value."""
    if isinstance(other, OneOf) and all(isinstance(o, Mapping) for o in other.options):
        for option in other.options:
            merge(mapping, option, certain=False)
        return
    if not isinstance(other, Mapping):
        mapping.entries[:] = doubtful_entries(mapping)
        mapping.open = True
        return
    if other.open:
        mapping.entries[:] = doubtful_entries(mapping)
        mapping.open = True
    for entry in other.entries:
        put(mapping, entry.key, entry.item, certain)


def doubtful(value: Value) -> Value:
    """`value` after something that may have changed any part of it."""
    if isinstance(value, Mapping):
        return Mapping(value.where, doubtful_entries(value), True)
    if isinstance(value, Items):
        return Items(value.where, value.kind, value.items, True)
    return Unknown(value.where, "changed in place")


def doubtful_entries(mapping: Mapping) -> list[Entry]:
    """The entries of a mapping, each of which may have been replaced."""
    why = "may be changed later"
    return [
        Entry(e.key, flatten(e.where, [e.item, Unknown(e.where, why)])) for e in mapping.entries
    ]


def truth_of(value: Value) -> bool | None:
    """Whether a value is true in a condition; None when that is not known."""
    if isinstance(value, Const):
        return bool(value.constant)
    if isinstance(value, Mapping):
        return True if value.entries else (None if value.open else False)
    if isinstance(value, Items):
        return True if value.items else (None if value.open else False)
    if isinstance(value, Text):
        return True if value.head or value.tail else None
    return None


def each(value: Value) -> Iterator[Value]:
    """A value and everything inside it."""
    pending: list[Value] = [value]
    while pending:
        part = pending.pop()
        yield part
        if isinstance(part, Items):
            pending += part.items
        elif isinstance(part, Mapping):
            for entry in part.entries:
                pending += (entry.key, entry.item)
        elif isinstance(part, OneOf):
            pending += part.options
        elif isinstance(part, Made):
            pending += [*part.args, *part.kwargs.values()]


def possible(value: Value) -> tuple[Value, ...]:
    """The values that `value` may have in a bare checkout: of an environment look-up its written
    default, and the look-up itself where it has none."""
    found: list[Value] = []
    for option in value.alternatives():
        if isinstance(option, Typed) and option.default is not None:
            found += possible(option.default)
        else:
            found.append(option)
    return tuple(found)


def may_be(value: Value, test: Callable[[Any], bool]) -> bool:
    """Whether some possible value is a constant that passes `test`, or one that is not known."""
    return any(
        test(option.constant)
        if isinstance(option, Const)
        else not isinstance(option, (Items, Mapping))
        for option in possible(value)
    )


def surely(value: Value, test: Callable[[Any], bool]) -> bool:
    """Whether every possible value is a constant that passes `test`; raises Undecided when one
    that could is not known."""
    for option in possible(value):
        if isinstance(option, Const):
            if not test(option.constant):
                return False
        elif isinstance(option, (Items, Mapping)):
            return False
        else:
            raise Undecided(f"{option.describe()} at {option.where.shown}")
    return True
