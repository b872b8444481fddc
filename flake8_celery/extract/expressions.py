"""`ast` expressions to the nested arrays of `facts.py`."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from ..facts import Expr

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitOr: "|",
    ast.BitAnd: "&",
    ast.BitXor: "^",
    ast.MatMult: "@",
    ast.UAdd: "+",
    ast.USub: "-",
    ast.Not: "not",
    ast.Invert: "~",
    ast.And: "and",
    ast.Or: "or",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}

# Deeper than anybody writes by hand; generated code may be, and a walk down it must end.
DEEPEST = 80
# A schedule of ten thousand entries still fits; a table of a million numbers does not.
LARGEST = 400_000
LONGEST_INTEGER_BITS = 4096


class Converter:
    """Turns expressions of one file into facts, given where spans and scopes come from."""

    def __init__(
        self,
        span: Callable[[ast.AST], tuple[int, int, int, int]],
        scope_number: Callable[[ast.AST, int], int],
    ) -> None:
        self.span = span
        self.scope_number = scope_number
        self.budget = LARGEST
        # The names that were met, and the scopes that they are meant in.
        self.names: set[tuple[int, str]] = set()

    def convert(self, node: ast.AST | None, scope: int) -> Expr:
        """The expression as a fact; too large or too deep ones become "unknown"."""
        self.budget = LARGEST
        return self._convert(node, scope, 0)

    def _convert(self, node: ast.AST | None, scope: int, depth: int) -> Expr:
        if node is None:
            return ("unknown", (1, 1, 1, 1), "nothing")
        self.budget -= 1
        kind = type(node)
        method = CONVERTERS.get(kind)
        if method is None or depth > DEEPEST or self.budget < 0:
            why = kind.__name__ if method is None else "too large"
            return ("unknown", self.span(node), why)
        return method(self, node, scope, depth + 1)

    def constant(self, node: ast.Constant, scope: int, depth: int) -> Expr:
        value = node.value
        span = self.span(node)
        if value is None or isinstance(value, (bool, float, str)):
            return ("const", span, value)
        if isinstance(value, int):
            if value.bit_length() > LONGEST_INTEGER_BITS:
                return ("unknown", span, "too large")
            return ("const", span, value)
        if isinstance(value, bytes):
            return ("bytes", span, value.decode("latin-1"))
        return ("unknown", span, type(value).__name__)

    def name(self, node: ast.Name, scope: int, depth: int) -> Expr:
        self.names.add((scope, node.id))
        return ("name", self.span(node), node.id)

    def attribute(self, node: ast.Attribute, scope: int, depth: int) -> Expr:
        return ("attr", self.span(node), self._convert(node.value, scope, depth), node.attr)

    def subscript(self, node: ast.Subscript, scope: int, depth: int) -> Expr:
        base = self._convert(node.value, scope, depth)
        return ("sub", self.span(node), base, self._convert(node.slice, scope, depth))

    def call(self, node: ast.Call, scope: int, depth: int) -> Expr:
        return (
            "call",
            self.span(node),
            self._convert(node.func, scope, depth),
            [self._convert(argument, scope, depth) for argument in node.args],
            [[k.arg, self._convert(k.value, scope, depth), self.span(k)] for k in node.keywords],
        )

    def starred(self, node: ast.Starred, scope: int, depth: int) -> Expr:
        return ("star", self.span(node), self._convert(node.value, scope, depth))

    def sequence(self, node: Any, scope: int, depth: int) -> Expr:
        kind = type(node).__name__.lower()
        return (kind, self.span(node), [self._convert(item, scope, depth) for item in node.elts])

    def dict(self, node: ast.Dict, scope: int, depth: int) -> Expr:
        return (
            "dict",
            self.span(node),
            [
                [
                    None if key is None else self._convert(key, scope, depth),
                    self._convert(value, scope, depth),
                ]
                for key, value in zip(node.keys, node.values, strict=True)
            ],
        )

    def binary(self, node: ast.BinOp, scope: int, depth: int) -> Expr:
        left = self._convert(node.left, scope, depth)
        right = self._convert(node.right, scope, depth)
        return ("binary", self.span(node), OPERATORS[type(node.op)], left, right)

    def unary(self, node: ast.UnaryOp, scope: int, depth: int) -> Expr:
        operand = self._convert(node.operand, scope, depth)
        return ("unary", self.span(node), OPERATORS[type(node.op)], operand)

    def boolean(self, node: ast.BoolOp, scope: int, depth: int) -> Expr:
        values = [self._convert(value, scope, depth) for value in node.values]
        return ("bool", self.span(node), OPERATORS[type(node.op)], values)

    def compare(self, node: ast.Compare, scope: int, depth: int) -> Expr:
        operands = [self._convert(value, scope, depth) for value in (node.left, *node.comparators)]
        return ("compare", self.span(node), [OPERATORS[type(op)] for op in node.ops], operands)

    def conditional(self, node: ast.IfExp, scope: int, depth: int) -> Expr:
        test, body, orelse = (
            self._convert(part, scope, depth) for part in (node.test, node.body, node.orelse)
        )
        return ("if", self.span(node), test, body, orelse)

    def text(self, node: ast.JoinedStr, scope: int, depth: int) -> Expr:
        parts = [
            part.value
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
            else self._convert(getattr(part, "value", None), scope, depth)
            for part in node.values
        ]
        return ("text", self.span(node), parts)

    def function(self, node: ast.Lambda, scope: int, depth: int) -> Expr:
        return ("lambda", self.span(node), self.scope_number(node, scope))

    def comprehension(self, node: ast.AST, scope: int, depth: int) -> Expr:
        kind = COMPREHENSIONS[type(node)]
        return ("comprehension", self.span(node), kind, self.scope_number(node, scope))

    def awaited(self, node: ast.Await, scope: int, depth: int) -> Expr:
        return ("await", self.span(node), self._convert(node.value, scope, depth))

    def walrus(self, node: ast.NamedExpr, scope: int, depth: int) -> Expr:
        return self._convert(node.value, scope, depth)


COMPREHENSIONS: dict[type[ast.AST], str] = {
    ast.ListComp: "list",
    ast.SetComp: "set",
    ast.DictComp: "dict",
    ast.GeneratorExp: "generator",
}

CONVERTERS: dict[type[ast.AST], Callable[[Converter, Any, int, int], Expr]] = {
    ast.Constant: Converter.constant,
    ast.Name: Converter.name,
    ast.Attribute: Converter.attribute,
    ast.Subscript: Converter.subscript,
    ast.Call: Converter.call,
    ast.Starred: Converter.starred,
    ast.List: Converter.sequence,
    ast.Tuple: Converter.sequence,
    ast.Set: Converter.sequence,
    ast.Dict: Converter.dict,
    ast.BinOp: Converter.binary,
    ast.UnaryOp: Converter.unary,
    ast.BoolOp: Converter.boolean,
    ast.Compare: Converter.compare,
    ast.IfExp: Converter.conditional,
    ast.JoinedStr: Converter.text,
    ast.Lambda: Converter.function,
    ast.NamedExpr: Converter.walrus,
    ast.Await: Converter.awaited,
    **dict.fromkeys(COMPREHENSIONS, Converter.comprehension),
}
