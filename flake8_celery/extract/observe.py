"""Observers: what a rule remembers of a piece of syntax, while the one walk passes by.

An observer is a generator that is called for each node of its types with the node and a `Site`;
what it yields becomes `Observation` facts of the file, cached with the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import ast

    from ..facts import Expr, Span
    from .walk import Walk


class Observer(NamedTuple):
    """A function that looks at nodes of some types; its observations are kept under `name`.  Files
    that hold none of the words that it `needs` are not shown to it."""

    name: str
    look: Callable[[Any, Site], Iterator[tuple[ast.AST, Any]]]
    needs: tuple[str, ...] = ()

    def concerns(self, text: str) -> bool:
        """Whether it may see anything in a file."""
        return not self.needs or any(word in text for word in self.needs)


OBSERVERS: dict[str, list[Observer]] = {}


def observe(
    *node_types: str, needs: Iterable[str] = ()
) -> Callable[[Callable[[Any, Site], Iterator[tuple[ast.AST, Any]]]], Observer]:
    """Registers an observer for the `ast` node types of these names.

    The decorated generator yields `(node, data)`: where the observation is, and plain JSON data
    (expressions through `site.expr`).  The name is a string so that a run which parses nothing
    need not import `ast`.  With `needs`, only files with one of these words are looked at.
    """

    def register(look: Callable[[Any, Site], Iterator[tuple[ast.AST, Any]]]) -> Observer:
        name = f"{look.__module__.rpartition('.')[2]}.{look.__name__}"
        observer = Observer(name, look, tuple(needs))
        for node_type in node_types:
            OBSERVERS.setdefault(node_type, []).append(observer)
        return observer

    return register


class Site:
    """Where the walk stands: what an observer may ask about the node it was given."""

    __slots__ = ("block", "parent", "scope", "walk")

    def __init__(self, walk: Walk, scope: int, block: int, parent: ast.AST) -> None:
        self.walk = walk
        self.scope = scope
        self.block = block
        self.parent = parent

    def expr(self, node: ast.AST | None) -> Expr:
        """The expression as a fact; names in it are meant in the scope where the walk stands."""
        return self.walk.expr(node, self.scope)

    def span(self, node: ast.AST) -> Span:
        """The node's place: 1-based rows and code-point columns, end exclusive."""
        return self.walk.source.span(node)

    def mentions(self, word: str) -> bool:
        """Whether the file holds `word` anywhere: what no observer need look for if not."""
        known = self.walk.mentioned.get(word)
        if known is None:
            known = self.walk.mentioned[word] = word in self.walk.source.text
        return known

    def holds(self, node: ast.stmt, *words: str) -> bool:
        """Whether the lines of `node` hold one of the words: far cheaper than a look at each of
        its nodes, which an observer of whole functions does only after this."""
        if self.walk.read is not node:
            self.walk.read = node
            rows = self.walk.source.lines[node.lineno - 1 : node.end_lineno]
            self.walk.read_text = "".join(rows)
        return any(word in self.walk.read_text for word in words)

    def scope_of(self, node: ast.AST) -> int:
        """The number of the scope that a def, class, lambda or comprehension opens, once the
        walk has reached it (the node given to an observer of these types has been)."""
        return self.walk.scope_numbers[id(node)]
