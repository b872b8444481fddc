"""What a loop goes through: many items, a few that the code names, or something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..project.names import External, Nothing
from ..project.values import Items
from ..rule import Undecided

if TYPE_CHECKING:
    import ast

    from ..facts import Expr
    from ..project import Seen

RANGE = External("builtins.range")
#: Iterables that are no items: numbers of attempts or of pages.
NUMBERS = frozenset({RANGE, External("itertools.count"), External("itertools.repeat")})
#: Fewer items than this, all written in the code, are no load.
FEW = 10
#: Words of loops that go through parts of the items, each of several.
CUTTING = ("chunk", "batch", "page", "slice", "partition", "attempt")


def cuts(target: ast.expr, iterable: ast.expr) -> bool:
    """Whether each turn of a loop gets several items at once, by the names in its head."""
    import ast

    name = target.id.lower() if isinstance(target, ast.Name) else ""
    plural = name.endswith("s") and not name.endswith(("ss", "us", "is", "as"))
    several = plural or name.endswith(("list", "group"))
    words = f"{ast.unparse(target)} {ast.unparse(iterable)}".lower()
    # `iterator(chunk_size=100)` gives one after another all the same.
    words = words.replace("chunk_size", "").replace("batch_size", "")
    return several or any(word in words for word in CUTTING)


def are_few(seen: Seen, iterable: Expr) -> bool:
    """Whether what a loop goes through is short and written in the code, a constant by its name, or
    a part of the items that is cut already."""
    if iterable[0] == "call":
        called = seen.resolve(iterable[2])
        refuse_unknown(seen, iterable)
        if called == RANGE:
            return is_short_range(iterable[3])
        inner = iterable[3][0] if iterable[3] else iterable[2]
        if inner[0] == "attr":
            inner = inner[2]
        if isinstance(called, External) or iterable[2][0] == "attr":
            return _is_short(seen, inner)
        return False
    if iterable[0] == "sub":
        # A part of the items: the caller has cut them.
        return True
    return _is_short(seen, iterable)


def _is_short(seen: Seen, iterable: Expr) -> bool:
    if iterable[0] in ("name", "attr") and str(iterable[-1]).isupper():
        return True
    if iterable[0] == "dict":
        return len(iterable[2]) < FEW
    if iterable[0] not in ("name", "attr", "list", "tuple", "set"):
        return False
    try:
        value = seen.evaluate(iterable)
    except Undecided:
        return False
    return isinstance(value, Items) and len(value.items) < FEW and not value.open


def refuse_unknown(seen: Seen, expr: Expr) -> None:
    """Raises Undecided for what a function gives of which not even the name is known."""
    if expr[0] == "call":
        if expr[2][0] == "name" and isinstance(seen.resolve(expr[2]), Nothing):
            raise Undecided(f"what is called at {seen.where.shown}")
        for inner in (expr[2], *expr[3]):
            refuse_unknown(seen, inner)
    elif expr[0] == "attr":
        refuse_unknown(seen, expr[2])


def is_short_range(arguments: Sequence[Expr]) -> bool:
    """Whether a `range` is short, or has a step, as those over chunks have."""
    if len(arguments) != 1:
        return len(arguments) == 3
    number = arguments[0]
    return number[0] == "const" and isinstance(number[2], int) and number[2] < FEW


def are_numbers(seen: Seen, iterable: Expr) -> bool:
    """Whether a loop goes through numbers: of pages, attempts or chunks."""
    return iterable[0] == "call" and seen.resolve(iterable[2]) in NUMBERS
