"""The vocabulary: what one file says, as small immutable records.

A fact is a pure function of the bytes of its file.  It holds plain JSON values only (no `ast`
node, no absolute path), so that facts can be cached, computed in any process and joined later.

Expressions are kept as nested JSON arrays, `[kind, span, ...]`, called `Expr`.  A tuple and the
list that JSON gives back are the same to everything that reads them:

    ["const", span, value]                      None, bool, int, float, str
    ["bytes", span, text]                       a bytes literal, decoded as latin-1
    ["name", span, name]
    ["attr", span, base, name]
    ["sub", span, base, index]
    ["call", span, callee, [argument], [[keyword or None, expr, span]]]
    ["star", span, expr]                        `*expr` in a call or a display
    ["list" | "tuple" | "set", span, [expr]]
    ["dict", span, [[key or None, value]]]      None: `**value`
    ["binary", span, operator, left, right]     operator as it is written: "+", "*", "|", ...
    ["unary", span, operator, operand]          "-", "+", "not", "~"
    ["bool", span, "and" | "or", [expr]]
    ["compare", span, [operator], [expr]]
    ["if", span, test, body, orelse]
    ["text", span, [expr or str]]               an f-string: literal parts and expressions
    ["lambda", span, scope]                     the scope holds its parameters and its body
    ["comprehension", span, kind, scope]        kind: "list", "set", "dict", "generator"
    ["await", span, expr]
    ["item", span, iterable]                    one element of it: a loop's target
    ["unpack", span, expr, index]               one element of what is unpacked
    ["enter", span, expr]                       what `with expr as` binds
    ["caught", span, expr or None]              what `except expr as` binds
    ["unknown", span, what]                     anything else, or too large to keep

A span is `[row, column, end row, end column]`, 1-based, in code points, end exclusive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Span = Sequence[int]
Expr = Sequence[Any]

NOWHERE: Span = (1, 1, 1, 1)


class Parameter(NamedTuple):
    """One parameter: its kind is "positional" (only), "either", "*", "keyword" (only) or "**"."""

    name: str
    kind: str
    default: Expr | None
    annotation: Expr | None


class Scope(NamedTuple):
    """A module, class, function, lambda or comprehension.  Its number is its place in `scopes`.

    `span` is the name's in a definition; `whole` reaches from the first decorator to the end.
    `returns` holds the returned expressions (a lambda's or comprehension's body); `methods`,
    `bases` and `keywords` belong to classes; `flags` are "async", "generator", "stub" (a body
    of `...`) and "dynamic" (names come and go: exec, globals()).
    """

    kind: str
    name: str
    parent: int
    block: int
    span: Span
    whole: Span
    parameters: Sequence[Parameter]
    decorators: Sequence[Expr]
    bases: Sequence[Expr]
    keywords: Sequence[Sequence[Any]]
    returns: Sequence[Expr]
    flags: Sequence[str]


class Block(NamedTuple):
    """One arm of a compound statement; block 0 is "always".

    `kind` is "if", "for", "while", "with", "try" or "match"; `arm` is "body", "else", "handler"
    or "final".  `statement` is the row and column of the statement, equal for all its arms.
    `exprs` are the test (of an `if` only a constant), the iterable, the contexts of a `with`, or
    what a handler catches; `typing` says that it is a test for TYPE_CHECKING.
    """

    kind: str
    arm: str
    parent: int
    scope: int
    statement: Sequence[int]
    exprs: Sequence[Expr]
    typing: bool


class Import(NamedTuple):
    """One imported name.  `module` is as written, leading dots included.

    `attribute` is "" for `import module`, "*" for a star import.  `import a.b` binds `a`, so its
    `module` is "a" there, and `loads` keeps the full dotted name; else `loads` is "".
    """

    scope: int
    block: int
    name: str
    module: str
    attribute: str
    loads: str
    span: Span

    @property
    def loaded(self) -> str:
        """The dotted name of the module that is loaded, as it is written."""
        return self.loads or self.module


class Assignment(NamedTuple):
    """Something gets a value: `target op value`.

    `op` is "=", an augmented operator ("+=", "|=", ...), "del", or the name of a method that
    changes its receiver in place (".update", ".setdefault", ".append", ".extend", ...), where
    `value` is the call.  `annotation` is there for annotated assignments.
    """

    scope: int
    block: int
    target: Expr
    op: str
    value: Expr
    annotation: Expr | None
    span: Span


class Expression(NamedTuple):
    """An expression that may concern Celery: a call, a canvas made with `|`, a read of a result.

    `within` names the syntax that holds it ("Expr": a statement of its own, "Return", "Assign",
    "Await", "Call", "Attribute", ...)."""

    scope: int
    block: int
    expr: Expr
    within: str


class Observation(NamedTuple):
    """What one rule remembers of a piece of syntax: where it is, and plain data."""

    scope: int
    block: int
    span: Span
    data: Any


class Module(NamedTuple):
    """All facts of one file, in source order."""

    scopes: Sequence[Scope]
    blocks: Sequence[Block]
    imports: Sequence[Import]
    assignments: Sequence[Assignment]
    expressions: Sequence[Expression]
    exports: Sequence[str] | None
    observations: Mapping[str, Sequence[Observation]]
    problem: Sequence[Any] | None


def broken_module(message: str, row: int, column: int) -> Module:
    """The facts of a file that cannot be read or parsed: all its names are unknown."""
    return Module((), (), (), (), (), None, {}, (message, row, column))


def module_from_json(data: Sequence[Any]) -> Module:
    """The module that `json.dumps(module)` wrote.  Raises TypeError or ValueError for others."""
    scopes, blocks, imports, assignments, expressions, exports, observations, problem = data
    return Module(
        [
            Scope._make([*scope[:6], [Parameter._make(p) for p in scope[6]], *scope[7:]])
            for scope in scopes
        ],
        [Block._make(block) for block in blocks],
        [Import._make(name) for name in imports],
        [Assignment._make(assignment) for assignment in assignments],
        [Expression._make(expression) for expression in expressions],
        exports,
        {key: [Observation._make(o) for o in seen] for key, seen in observations.items()},
        problem,
    )
