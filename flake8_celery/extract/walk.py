"""The one walk: an explicit stack over the tree, each node seen once.

The walk collects raw records that still hold nodes; `finish` decides which of them anything can
ask for, and only those become facts.  Every module-level name is kept, since another file may
import it; of a function's local names only those that a kept fact mentions.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, NamedTuple

from ..facts import (
    NOWHERE,
    Assignment,
    Block,
    Expr,
    Expression,
    Import,
    Module,
    Observation,
    Parameter,
    Scope,
)
from ..source import Source
from . import interest
from .expressions import COMPREHENSIONS, OPERATORS, Converter
from .observe import OBSERVERS, Observer, Site

# In lines: what is taller is no option of a task.
TALL_CLASS_VALUE = 6
SETTING_GROUPS = ("accept_", "beat_", "broker_", "celery", "result_", "task_", "worker_")
SETTING_WORDS = ("celery", "beat", "schedule", "queue", "route", "broker", "task", "config")
# Taller returns are answers to requests, not factories.
TALL_RETURN = 8
TALL_RETURNED_DICT = 500
MOST_RETURNS = 8


class RawScope:
    """A scope while the walk is under way."""

    __slots__ = ("block", "flags", "globals", "kind", "name", "node", "parent", "returns")

    def __init__(self, kind: str, name: str, parent: int, block: int, node: ast.AST) -> None:
        self.kind = kind
        self.name = name
        self.parent = parent
        self.block = block
        self.node: Any = node
        self.returns: list[ast.AST] = []
        self.flags: list[str] = []
        self.globals: set[str] = set()


class RawBlock(NamedTuple):
    """A block while the walk is under way."""

    kind: str
    arm: str
    parent: int
    scope: int
    node: ast.AST
    exprs: list[ast.AST]
    typing: bool


class RawAssignment(NamedTuple):
    """An assignment while the walk is under way; `wrap` is the kind of opaque value, or "", and
    `place` counts in what is unpacked."""

    scope: int
    block: int
    target: ast.AST
    op: str
    value: ast.AST | None
    wrap: str
    place: int
    annotation: ast.AST | None
    node: ast.AST


class Walk:
    """Walks one file's tree and gives its facts."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.tree = source.parse()
        self.scopes: list[RawScope] = [RawScope("module", "", -1, 0, self.tree)]
        self.scope_numbers: dict[int, int] = {}
        self.blocks: list[RawBlock] = [RawBlock("always", "body", -1, 0, self.tree, [], False)]
        self.imports: list[Import] = []
        self.assignments: list[RawAssignment] = []
        self.expressions: list[tuple[int, int, ast.AST, str]] = []
        self.result_reads: list[tuple[int, int, ast.AST, ast.AST, str]] = []
        self.observations: dict[str, list[Observation]] = {}
        self.library_names: set[str] = set()
        self.exports: list[str] | None = None
        self.stack: list[tuple[ast.AST, int, int, ast.AST]] = []
        self.converter = Converter(source.span, self.scope_number)
        # Names that only a `return` mentions: most returns are no factories' or wrappers'.
        self.returned_names: set[tuple[int, str]] = set()
        self.function_of: list[int] = [0]
        self.mentioned: dict[str, bool] = {}
        # The statement whose lines were joined last, for the observers that ask one by one.
        self.read: ast.stmt | None = None
        self.read_text = ""

    def expr(self, node: ast.AST | None, scope: int) -> Expr:
        """An expression as a fact, its names meant in `scope`."""
        return self.converter.convert(node, scope)

    def module(self) -> Module:
        """Walks the tree and returns the facts of the file."""
        stack = self.stack
        self.push_all(self.tree.body, 0, 0, self.tree)
        handlers = HANDLERS
        observers = self.observers()
        while stack:
            node, scope, block, parent = stack.pop()
            kind = type(node)
            handler = handlers.get(kind)
            if handler is None:
                self.push_children(node, scope, block)
            else:
                handler(self, node, scope, block, parent)
            if kind in observers:
                site = Site(self, scope, block, parent)
                for observer in observers[kind]:
                    for where, data in observer.look(node, site):
                        self.observations.setdefault(observer.name, []).append(
                            Observation(scope, block, self.source.span(where), data)
                        )
        return self.finish()

    def observers(self) -> dict[type[ast.AST], list[Observer]]:
        """Those that may see something in this file, by the type of node."""
        text = self.source.text
        concerned: dict[str, bool] = {}
        found: dict[type[ast.AST], list[Observer]] = {}
        for node_type, watching in OBSERVERS.items():
            for observer in watching:
                if observer.name not in concerned:
                    concerned[observer.name] = observer.concerns(text)
                if concerned[observer.name]:
                    found.setdefault(getattr(ast, node_type), []).append(observer)
        return found

    # Visiting

    def push_all(self, nodes: list[Any], scope: int, block: int, parent: ast.AST) -> None:
        for node in reversed(nodes):
            self.stack.append((node, scope, block, parent))

    def push_children(self, node: ast.AST, scope: int, block: int) -> None:
        start = len(self.stack)
        stack = self.stack
        leaves = LEAVES
        for name in CHILD_FIELDS[type(node)]:
            child = getattr(node, name, None)
            if child is None:
                continue
            kind = type(child)
            if kind is list:
                for item in child:
                    if type(item) not in leaves:
                        stack.append((item, scope, block, node))
            elif kind not in leaves:
                stack.append((child, scope, block, node))
        if len(stack) > start + 1:
            stack[start:] = stack[start:][::-1]

    def scope_number(self, node: ast.AST, scope: int, block: int = 0) -> int:
        """The number of the scope that `node` opens, inside `scope`; made on first request."""
        number = self.scope_numbers.get(id(node))
        if number is None:
            number = len(self.scopes)
            self.scope_numbers[id(node)] = number
            kind = SCOPE_KINDS[type(node)]
            self.scopes.append(RawScope(kind, getattr(node, "name", ""), scope, block, node))
            self.function_of.append(number if kind != "comprehension" else self.function_of[scope])
        return number

    def new_block(
        self,
        kind: str,
        arm: str,
        parent: int,
        scope: int,
        node: ast.AST,
        exprs: list[ast.AST],
        typing: bool = False,
    ) -> int:
        self.blocks.append(RawBlock(kind, arm, parent, scope, node, exprs, typing))
        return len(self.blocks) - 1

    def visit_function(self, node: Any, scope: int, block: int, parent: ast.AST) -> None:
        number = self.scope_number(node, scope, block)
        raw = self.scopes[number]
        if isinstance(node, ast.AsyncFunctionDef):
            raw.flags.append("async")
        if len(node.body) == 1 or (len(node.body) == 2 and ast.get_docstring(node, clean=False)):
            last = node.body[-1]
            if isinstance(last, ast.Expr) and getattr(last.value, "value", None) is Ellipsis:
                raw.flags.append("stub")
        self.push_all(node.body, number, 0, node)
        arguments = node.args
        self.push_all(
            [*node.decorator_list, *arguments.defaults, *filter(None, arguments.kw_defaults)],
            scope,
            block,
            node,
        )

    def visit_class(self, node: ast.ClassDef, scope: int, block: int, parent: ast.AST) -> None:
        number = self.scope_number(node, scope, block)
        self.push_all(node.body, number, 0, node)
        keywords = [keyword.value for keyword in node.keywords]
        self.push_all([*node.decorator_list, *node.bases, *keywords], scope, block, node)

    def visit_lambda(self, node: ast.Lambda, scope: int, block: int, parent: ast.AST) -> None:
        number = self.scope_number(node, scope, block)
        self.scopes[number].block = block
        self.scopes[number].returns = [node.body]
        self.push_all([node.body], number, 0, node)
        arguments = node.args
        defaults = [*arguments.defaults, *filter(None, arguments.kw_defaults)]
        self.push_all(defaults, scope, block, node)

    def visit_comprehension(self, node: Any, scope: int, block: int, parent: ast.AST) -> None:
        number = self.scope_number(node, scope, block)
        self.scopes[number].block = block
        if isinstance(node, ast.DictComp):
            parts = [node.key, node.value]
        else:
            parts = [node.elt]
        self.scopes[number].returns = list(parts)
        for generator in node.generators:
            self.bind(generator.target, generator.iter, "item", number, 0, node)
            parts += [generator.iter, *generator.ifs]
        self.push_all(parts, number, 0, node)

    def visit_import(self, node: ast.Import, scope: int, block: int, parent: ast.AST) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            module = alias.name if alias.asname else name
            span = self.source.span(alias)
            loads = alias.name if alias.name != module else ""
            self.imports.append(Import(scope, block, name, module, "", loads, span))

    def visit_import_from(
        self, node: ast.ImportFrom, scope: int, block: int, parent: ast.AST
    ) -> None:
        module = "." * node.level + (node.module or "")
        library = not node.level and (node.module or "").partition(".")[0] in interest.LIBRARIES
        for alias in node.names:
            name = alias.asname or alias.name
            span = self.source.span(alias)
            self.imports.append(Import(scope, block, name, module, alias.name, "", span))
            if library or alias.name in interest.NAMES:
                self.library_names.add(name)

    def visit_if(self, node: ast.If, scope: int, block: int, parent: ast.AST) -> None:
        typing = interest.is_type_checking(node.test)
        if node.orelse:
            other = self.new_block("if", "else", block, scope, node, [node.test])
            self.push_all(node.orelse, scope, other, node)
        body = self.new_block("if", "body", block, scope, node, [node.test], typing)
        self.push_all(node.body, scope, body, node)
        self.push_all([node.test], scope, block, node)

    def visit_for(self, node: Any, scope: int, block: int, parent: ast.AST) -> None:
        if node.orelse:
            other = self.new_block("for", "else", block, scope, node, [])
            self.push_all(node.orelse, scope, other, node)
        body = self.new_block("for", "body", block, scope, node, [node.iter])
        self.bind(node.target, node.iter, "item", scope, body, node)
        self.push_all(node.body, scope, body, node)
        self.push_all([node.iter], scope, block, node)

    def visit_while(self, node: ast.While, scope: int, block: int, parent: ast.AST) -> None:
        if node.orelse:
            other = self.new_block("while", "else", block, scope, node, [])
            self.push_all(node.orelse, scope, other, node)
        body = self.new_block("while", "body", block, scope, node, [node.test])
        self.push_all(node.body, scope, body, node)
        self.push_all([node.test], scope, block, node)

    def visit_with(self, node: Any, scope: int, block: int, parent: ast.AST) -> None:
        contexts = [item.context_expr for item in node.items]
        body = self.new_block("with", "body", block, scope, node, list(contexts))
        for item in node.items:
            if item.optional_vars is not None:
                self.bind(item.optional_vars, item.context_expr, "enter", scope, body, node)
        self.push_all(node.body, scope, body, node)
        self.push_all(list(contexts), scope, block, node)

    def visit_try(self, node: Any, scope: int, block: int, parent: ast.AST) -> None:
        if node.finalbody:
            final = self.new_block("try", "final", block, scope, node, [])
            self.push_all(node.finalbody, scope, final, node)
        if node.orelse:
            other = self.new_block("try", "else", block, scope, node, [])
            self.push_all(node.orelse, scope, other, node)
        for handler in reversed(node.handlers):
            caught = [handler.type] if handler.type is not None else []
            arm = self.new_block("try", "handler", block, scope, node, caught)
            if handler.name:
                target = ast.Name(handler.name, ast.Store())
                ast.copy_location(target, handler)
                self.bind(target, handler.type, "caught", scope, arm, handler)
            self.stack.append((handler, scope, arm, node))
        caught = [handler.type for handler in node.handlers if handler.type is not None]
        body = self.new_block("try", "body", block, scope, node, caught)
        self.push_all(node.body, scope, body, node)

    def visit_match(self, node: ast.Match, scope: int, block: int, parent: ast.AST) -> None:
        for case in reversed(node.cases):
            arm = self.new_block("match", "body", block, scope, node, [])
            for pattern in ast.walk(case.pattern):
                name = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
                if isinstance(name, str):
                    target = ast.copy_location(ast.Name(name, ast.Store()), pattern)
                    self.bind(target, None, "unknown", scope, arm, case.pattern)
            self.push_all([*filter(None, [case.guard]), *case.body], scope, arm, node)
        self.push_all([node.subject], scope, block, node)

    def visit_assign(self, node: ast.Assign, scope: int, block: int, parent: ast.AST) -> None:
        for target in node.targets:
            self.bind(target, node.value, "", scope, block, node)
        self.push_all([*node.targets, node.value], scope, block, node)

    def visit_annotated(self, node: ast.AnnAssign, scope: int, block: int, parent: ast.AST) -> None:
        if node.value is not None or self.scopes[scope].kind == "class":
            wrap = "" if node.value is not None else "unknown"
            self.bind(node.target, node.value, wrap, scope, block, node, "=", node.annotation)
        if node.value is not None:
            self.push_all([node.value], scope, block, node)

    def visit_augmented(self, node: ast.AugAssign, scope: int, block: int, parent: ast.AST) -> None:
        op = OPERATORS[type(node.op)] + "="
        self.bind(node.target, node.value, "", scope, block, node, op)
        self.push_all([node.value], scope, block, node)

    def visit_delete(self, node: ast.Delete, scope: int, block: int, parent: ast.AST) -> None:
        for target in node.targets:
            self.bind(target, None, "unknown", scope, block, node, "del")
        self.push_all(node.targets, scope, block, node)

    def visit_walrus(self, node: ast.NamedExpr, scope: int, block: int, parent: ast.AST) -> None:
        self.bind(node.target, node.value, "", self.function_of[scope], block, node)
        self.push_children(node, scope, block)

    def visit_global(self, node: ast.Global, scope: int, block: int, parent: ast.AST) -> None:
        self.scopes[scope].globals.update(node.names)

    def visit_return(self, node: ast.Return, scope: int, block: int, parent: ast.AST) -> None:
        if node.value is not None:
            self.scopes[scope].returns.append(node.value)
            self.push_all([node.value], scope, block, node)

    def visit_yield(self, node: ast.AST, scope: int, block: int, parent: ast.AST) -> None:
        flags = self.scopes[self.function_of[scope]].flags
        if "generator" not in flags:
            flags.append("generator")
        self.push_children(node, scope, block)

    def visit_statement(self, node: ast.Expr, scope: int, block: int, parent: ast.AST) -> None:
        call = node.value
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr in interest.IN_PLACE
            and isinstance(call.func.value, (ast.Name, ast.Attribute, ast.Subscript))
        ):
            op = "." + call.func.attr
            self.bind(call.func.value, call, "", scope, block, node, op)
        self.push_children(node, scope, block)

    def visit_call(self, node: ast.Call, scope: int, block: int, parent: ast.AST) -> None:
        func = node.func
        if isinstance(func, ast.Name) and func.id in ("exec", "globals", "vars", "locals"):
            target = 0 if func.id in ("globals", "exec") else self.function_of[scope]
            if "dynamic" not in self.scopes[target].flags:
                self.scopes[target].flags.append("dynamic")
        decorates = isinstance(parent, DEFINITIONS) and node in parent.decorator_list
        if not decorates and interest.is_interesting_call(node, self.library_names):
            self.expressions.append((scope, block, node, type(parent).__name__))
        elif isinstance(func, ast.Attribute) and func.attr in interest.RESULT_READS:
            self.result_reads.append((scope, block, node, func.value, type(parent).__name__))
        self.push_children(node, scope, block)

    def visit_attribute(self, node: ast.Attribute, scope: int, block: int, parent: ast.AST) -> None:
        called = isinstance(parent, ast.Call) and parent.func is node
        if node.attr in interest.RESULT_READS and not called:
            self.result_reads.append((scope, block, node, node.value, type(parent).__name__))
        elif node.attr in interest.OPTION_READS and isinstance(node.ctx, ast.Load):
            self.expressions.append((scope, block, node, type(parent).__name__))
        elif type(node.value) is ast.Attribute and interest.reads_configuration(node, called):
            self.expressions.append((scope, block, node, type(parent).__name__))
        value = node.value
        if type(value) not in LEAVES:
            self.stack.append((value, scope, block, node))

    def visit_binary(self, node: ast.BinOp, scope: int, block: int, parent: ast.AST) -> None:
        if (
            isinstance(node.op, ast.BitOr)
            and not (isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.BitOr))
            and interest.is_canvas_pipe(node)
        ):
            self.expressions.append((scope, block, node, type(parent).__name__))
        self.push_children(node, scope, block)

    def bind(
        self,
        target: ast.AST,
        value: ast.AST | None,
        wrap: str,
        scope: int,
        block: int,
        node: ast.AST,
        op: str = "=",
        annotation: ast.AST | None = None,
        index: int = -1,
    ) -> None:
        """Records that `target` gets `value`; tuples on the left are taken apart."""
        if isinstance(target, (ast.Tuple, ast.List)):
            inner = "unknown" if wrap else "unpack"
            for place, part in enumerate(target.elts):
                if isinstance(part, ast.Starred):
                    # From here on the places count from the end.
                    inner = "unknown"
                self.bind(part, value, inner, scope, block, node, op, None, place)
            return
        if isinstance(target, ast.Starred):
            self.bind(target.value, None, "unknown", scope, block, node, op)
            return
        if isinstance(target, ast.Name) and target.id in self.scopes[scope].globals:
            scope, block, wrap, value = 0, 0, "unknown", None
        if isinstance(target, ast.Name) and target.id == "__all__" and scope == 0:
            self.exports = exported_names(value) if op == "=" and not wrap else None
        self.assignments.append(
            RawAssignment(scope, block, target, op, value, wrap, index, annotation, node)
        )

    # From raw records to facts

    def finish(self) -> Module:
        bound: dict[tuple[int, str], list[int]] = {}
        for number, raw in enumerate(self.assignments):
            name = interest.root_name(raw.target)
            if name is not None:
                bound.setdefault((raw.scope, name), []).append(number)
        for scope, block, node, receiver, within in self.result_reads:
            if self.may_be_result(receiver, scope, bound):
                self.expressions.append((scope, block, node, within))
        self.expressions.sort(key=lambda e: (e[2].lineno, e[2].col_offset))  # type: ignore[attr-defined]
        expressions = [
            Expression(scope, block, self.expr(node, scope), within)
            for scope, block, node, within in self.expressions
        ]
        # A while loop: converting a scope may open further ones (a lambda in a default).
        scopes: list[Scope] = []
        while len(scopes) < len(self.scopes):
            scopes.append(self.scope(self.scopes[len(scopes)]))
        assignments = self.wanted_assignments(bound)
        while len(scopes) < len(self.scopes):
            scopes.append(self.scope(self.scopes[len(scopes)]))
        return self.renumbered(
            Module(
                scopes,
                [],
                self.imports,
                assignments,
                expressions,
                self.exports,
                self.observations,
                None,
            )
        )

    def may_be_result(
        self, receiver: ast.AST, scope: int, bound: dict[tuple[int, str], list[int]]
    ) -> bool:
        if not isinstance(receiver, ast.Name):
            return interest.makes_result(receiver)
        while scope >= 0:
            numbers = bound.get((scope, receiver.id))
            if numbers:
                return any(interest.makes_result(self.assignments[n].value) for n in numbers)
            scope = self.scopes[scope].parent
        return False

    def wanted_assignments(self, bound: dict[tuple[int, str], list[int]]) -> list[Assignment]:
        """The assignments that something kept may ask for, in source order.

        Converting notes the names that it meets (`converter.names`), so what is converted for
        one assignment may ask for further ones."""
        converted: dict[int, Assignment] = {}
        callable_classes = {scope.parent for scope in self.scopes if scope.name == "__call__"}
        for number, raw in enumerate(self.assignments):
            holder = self.scopes[raw.scope]
            if (
                holder.kind in ("module", "class")
                or interest.mentions_configuration(raw.target)
                or (holder.name == "__init__" and self.is_kept_attribute(raw, callable_classes))
            ):
                converted[number] = self.assignment(raw)
        names = self.converter.names
        for scope, name in self.returned_names:
            numbers = bound.get((scope, name), ())
            if any(interest.may_be_made(self.assignments[n].value) for n in numbers):
                names.add((scope, name))
        done: set[tuple[int, str]] = set()
        while pending := names - done:
            done |= pending
            for scope, name in pending:
                while scope >= 0:
                    numbers = bound.get((scope, name), ())
                    for number in numbers:
                        if number not in converted:
                            converted[number] = self.assignment(self.assignments[number])
                    if numbers:
                        break
                    scope = self.scopes[scope].parent
        return [converted[number] for number in sorted(converted)]

    def is_kept_attribute(self, raw: RawAssignment, callable_classes: set[int]) -> bool:
        """Whether an instance's attribute may be a setting, or belongs to a decorator's class."""
        return isinstance(raw.target, ast.Attribute) and (
            self.scopes[raw.scope].parent in callable_classes
            or raw.target.attr.lower().startswith(SETTING_GROUPS)
        )

    def is_kept_class_value(self, raw: RawAssignment) -> bool:
        """Whether a class attribute may be a setting, an option or a constant, and is not a
        field of a model, form or serializer, of which there are thousands."""
        name = interest.root_name(raw.target) or ""
        value = raw.value
        if value is None or name.isupper() or any(word in name.lower() for word in SETTING_WORDS):
            return True
        if isinstance(value, ast.Call):
            return interest.last_name(value.func) in interest.DATA_CALLS
        return height(value) <= TALL_CLASS_VALUE

    def kept_returns(self, raw: RawScope) -> list[ast.AST]:
        """The returned expressions of functions that may be factories or wrappers."""
        if raw.kind == "lambda":
            return raw.returns
        if raw.kind == "comprehension" and self.scopes[raw.parent].kind in ("module", "class"):
            # One that leaves nothing out can be expanded.
            first, *more = raw.node.generators
            plain = not more and not first.ifs and not first.is_async
            return [node for node in raw.returns if plain and not self.is_long_return(node)]
        if raw.kind != "function" or len(raw.returns) > MOST_RETURNS:
            return []
        if self.scopes[raw.parent].kind == "class" and raw.name not in FACTORY_METHODS:
            return []
        return [node for node in raw.returns if not self.is_long_return(node)]

    def is_long_return(self, node: ast.AST) -> bool:
        return height(node) > (TALL_RETURNED_DICT if isinstance(node, ast.Dict) else TALL_RETURN)

    def assignment(self, raw: RawAssignment) -> Assignment:
        if raw.wrap == "unknown" or raw.value is None:
            value: Expr = ("unknown", self.source.span(raw.node), raw.op)
            if raw.wrap == "caught":
                value = ("caught", self.source.span(raw.node), None)
        elif self.scopes[raw.scope].kind == "class" and not self.is_kept_class_value(raw):
            value = ("unknown", self.source.span(raw.value), "not kept")
        else:
            value = self.expr(raw.value, raw.scope)
            if raw.wrap == "unpack":
                value = ("unpack", value[1], value, raw.place)
            elif raw.wrap:
                value = (raw.wrap, value[1], value)
        return Assignment(
            raw.scope,
            raw.block,
            self.expr(raw.target, raw.scope),
            raw.op,
            value,
            None if raw.annotation is None else self.expr(raw.annotation, raw.scope),
            self.source.span(raw.node),
        )

    def scope(self, raw: RawScope) -> Scope:
        node, parent = raw.node, raw.parent
        if raw.kind == "module":
            return Scope("module", "", -1, 0, NOWHERE, NOWHERE, (), (), (), (), (), raw.flags)
        whole = self.source.span(node)
        decorators = getattr(node, "decorator_list", ())
        if decorators:
            first = self.source.span(decorators[0])
            whole = (first[0], max(first[1] - 1, 1), whole[2], whole[3])
        keep = {id(returned) for returned in self.kept_returns(raw)}
        number = self.scope_numbers[id(node)]
        firm, self.converter.names = self.converter.names, self.returned_names
        returns = [
            self.expr(returned, number)
            if id(returned) in keep
            else ("unknown", self.source.span(returned), "not kept")
            for returned in raw.returns[: MOST_RETURNS + 1]
        ]
        self.converter.names = firm
        return Scope(
            raw.kind,
            raw.name,
            parent,
            raw.block,
            self.name_span(node, raw.name) if raw.name else whole,
            whole,
            self.parameters(node.args, parent) if hasattr(node, "args") else (),
            [self.expr(decorator, parent) for decorator in decorators],
            [self.expr(base, parent) for base in getattr(node, "bases", ())],
            [
                [keyword.arg, self.expr(keyword.value, parent), self.source.span(keyword)]
                for keyword in getattr(node, "keywords", ())
            ],
            returns,
            raw.flags,
        )

    def name_span(self, node: Any, name: str) -> tuple[int, int, int, int]:
        """Where the name stands in `def name` or `class name`."""
        row, column, _, _ = self.source.span(node)
        found = self.source.line(row).find(name, column + 1)
        column = found + 1 if found >= 0 else column
        return (row, column, row, column + len(name))

    def parameters(self, arguments: ast.arguments, scope: int) -> list[Parameter]:
        def make(argument: ast.arg, kind: str, default: ast.AST | None) -> Parameter:
            return Parameter(
                argument.arg,
                kind,
                None if default is None else self.kept_default(default, scope),
                self.kept_annotation(argument.annotation, scope),
            )

        ordered = [(a, "positional") for a in arguments.posonlyargs]
        ordered += [(a, "either") for a in arguments.args]
        missing: list[ast.expr | None] = [None] * (len(ordered) - len(arguments.defaults))
        made = [
            make(argument, kind, default)
            for (argument, kind), default in zip(
                ordered, missing + list(arguments.defaults), strict=True
            )
        ]
        if arguments.vararg:
            made.append(make(arguments.vararg, "*", None))
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            made.append(make(argument, "keyword", default))
        if arguments.kwarg:
            made.append(make(arguments.kwarg, "**", None))
        return made

    def kept_default(self, node: ast.AST, scope: int) -> Expr:
        """A default as a fact; that there is one is what counts, unless it is a constant."""
        if isinstance(node, (ast.Constant, ast.Name, ast.Attribute)) or _is_short(node):
            return self.expr(node, scope)
        return ("unknown", self.source.span(node), "not kept")

    def kept_annotation(self, node: ast.AST | None, scope: int) -> Expr | None:
        """An annotation that may name a class; `int` and `list[str]` tell nothing of Celery."""
        if isinstance(node, ast.Attribute) or (
            isinstance(node, ast.Name) and not node.id[0].islower()
        ):
            return self.expr(node, scope)
        return None

    def renumbered(self, module: Module) -> Module:
        """Drops the blocks that no fact stands in."""
        new: dict[int, int] = {0: 0}
        used: set[int] = {0}

        def need(number: int) -> None:
            while number not in used:
                used.add(number)
                number = self.blocks[number].parent

        everything: list[Any] = [
            *module.scopes,
            *module.imports,
            *module.assignments,
            *module.expressions,
        ]
        for record in everything:
            need(record.block)
        for observations in module.observations.values():
            for observation in observations:
                need(observation.block)
        kept: list[Block] = []
        for number in sorted(used):
            raw = self.blocks[number]
            new[number] = len(kept)
            row, column, _, _ = (1, 1, 1, 1) if number == 0 else self.source.span(raw.node)
            kept_exprs = [
                part for part in raw.exprs if raw.kind != "if" or isinstance(part, ast.Constant)
            ]
            exprs = [self.expr(part, raw.scope) for part in kept_exprs]
            parent = -1 if number == 0 else new[raw.parent]
            kept.append(
                Block(raw.kind, raw.arm, parent, raw.scope, (row, column), exprs, raw.typing)
            )
        return module._replace(
            blocks=kept,
            scopes=[scope._replace(block=new[scope.block]) for scope in module.scopes],
            imports=[name._replace(block=new[name.block]) for name in module.imports],
            assignments=[a._replace(block=new[a.block]) for a in module.assignments],
            expressions=[e._replace(block=new[e.block]) for e in module.expressions],
            observations={
                key: [o._replace(block=new[o.block]) for o in seen]
                for key, seen in module.observations.items()
            },
        )


FACTORY_METHODS = frozenset({"__call__", "__new__", "gen_task_name", "task", "periodic_task"})
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
LEAVES = frozenset(
    {ast.Name, ast.Constant, ast.Pass, ast.Break, ast.Continue, type(None), str, int, bool}
)
SCOPE_KINDS: dict[type[ast.AST], str] = {
    ast.FunctionDef: "function",
    ast.AsyncFunctionDef: "function",
    ast.ClassDef: "class",
    ast.Lambda: "lambda",
    **dict.fromkeys(COMPREHENSIONS, "comprehension"),
}
HANDLERS: dict[type[ast.AST], Callable[[Walk, Any, int, int, ast.AST], None]] = {
    ast.Call: Walk.visit_call,
    ast.Attribute: Walk.visit_attribute,
    ast.BinOp: Walk.visit_binary,
    ast.FunctionDef: Walk.visit_function,
    ast.AsyncFunctionDef: Walk.visit_function,
    ast.ClassDef: Walk.visit_class,
    ast.Lambda: Walk.visit_lambda,
    **dict.fromkeys(COMPREHENSIONS, Walk.visit_comprehension),
    ast.Import: Walk.visit_import,
    ast.ImportFrom: Walk.visit_import_from,
    ast.If: Walk.visit_if,
    ast.For: Walk.visit_for,
    ast.AsyncFor: Walk.visit_for,
    ast.While: Walk.visit_while,
    ast.With: Walk.visit_with,
    ast.AsyncWith: Walk.visit_with,
    ast.Try: Walk.visit_try,
    ast.TryStar: Walk.visit_try,
    ast.Match: Walk.visit_match,
    ast.Assign: Walk.visit_assign,
    ast.AnnAssign: Walk.visit_annotated,
    ast.AugAssign: Walk.visit_augmented,
    ast.Delete: Walk.visit_delete,
    ast.NamedExpr: Walk.visit_walrus,
    ast.Global: Walk.visit_global,
    ast.Return: Walk.visit_return,
    ast.Yield: Walk.visit_yield,
    ast.YieldFrom: Walk.visit_yield,
    ast.Expr: Walk.visit_statement,
}


class _ChildFields(dict[type[ast.AST], tuple[str, ...]]):
    """For each node type the fields that hold nodes to visit, found out on first request."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        fields = tuple(f for f in kind._fields if f not in NOT_VISITED)
        self[kind] = fields
        return fields


# Contexts, operators and plain texts; annotations never run anything of Celery.
NOT_VISITED = frozenset(
    "ctx op ops annotation returns id attr arg name asname names module level kind "
    "type_comment type_params".split()
)
CHILD_FIELDS = _ChildFields({ast.Constant: (), ast.Name: (), ast.MatchSingleton: ()})


def exported_names(value: ast.AST | None) -> list[str] | None:
    """The names of a literal `__all__`, or None when it is built some other way."""
    if not isinstance(value, (ast.List, ast.Tuple)):
        return None
    names = [item.value for item in value.elts if isinstance(item, ast.Constant)]
    if len(names) != len(value.elts):
        return None
    return [name for name in names if isinstance(name, str)]


def height(node: ast.AST) -> int:
    """How many lines a piece of syntax takes."""
    at: Any = node
    return int(at.end_lineno - at.lineno) + 1


def _is_short(node: ast.AST) -> bool:
    """Whether it is a number with a sign, or a display of a few constants."""
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.operand, ast.Constant)
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return len(node.elts) <= 4 and all(isinstance(item, ast.Constant) for item in node.elts)
    return isinstance(node, ast.Dict) and not node.keys
