"""What functions of the project build, where the first evaluator cannot tell: the second one.

`evaluate` reads expressions; this runs statements: a function that builds a schedule in a loop, a
helper that fills a dict it is given, the top of a module that adds to a dict in a loop.  The trees
are astroid's, made from our own bytes, of nothing but the lines that matter; names are resolved by
`names`, so that astroid never looks for a module, and nothing of the project is imported.

astroid's own inference gives what a name may be anywhere, whatever the order; an answer of which
a rule may be sure needs the order.  So statements run one by one, on values instead of objects.
A test that cannot be decided makes two ways of it, and the answer is one of both.  What is not
understood ends the attempt: `GivenUp`, and the first evaluator's answer becomes doubtful.  Work is
bounded by counts: of steps, of ways, of calls inside calls.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes
from astroid.builder import AstroidBuilder
from astroid.manager import AstroidManager

from ..rule import Where
from .environment import SOURCE
from .evaluate import BUILDERS, LONGEST_TEXT, MOST_ROUNDS, Values, combine, formatted, joined
from .names import Definition, External, LinkedModule, ModuleRef, Nothing, Variable
from .values import (
    MOST_ALTERNATIVES,
    Const,
    Entry,
    Items,
    Made,
    Mapping,
    OneOf,
    Ref,
    Typed,
    Unknown,
    Value,
    flatten,
    truth_of,
)

if TYPE_CHECKING:
    from . import Project

MOST_STEPS = 40_000
MOST_STEPS_OF_ALL = 400_000
DEEPEST_CALL = 8
MOST_ENTRIES = 1_000
LARGEST_FILE = 2_000_000
# Calls of these give data, and keep no hold of what they are given.
DATA = ("celery.", "kombu.", "datetime.")
DYNAMIC = frozenset(
    "exec eval compile globals locals vars setattr delattr __import__ next iter".split()
)
TYPE_TESTS = frozenset(
    f"builtins.{name}" for name in ("callable", "hasattr", "isinstance", "issubclass", "type")
)
CACHES = frozenset({"functools.cache", "functools.lru_cache"})
PURE_TEXT_METHODS = frozenset(
    "lower upper strip lstrip rstrip title capitalize startswith endswith removeprefix "
    "removesuffix zfill split".split()
)


class GivenUp(Exception):
    """Something that is not understood."""


class Raised(Exception):
    """A way that ends in an exception: there is no value."""


class Returned(Exception):
    """A way that has come to its `return`."""

    def __init__(self, value: Part) -> None:
        self.value = value


class LoopEnd(Exception):
    """`break` or `continue`."""

    def __init__(self, breaks: bool) -> None:
        self.breaks = breaks


class Box:
    """A dict, list, tuple or set that is being built; those of others (`foreign`) must not change.

    A dict's `content` is a list of pairs."""

    def __init__(self, kind: str, where: Where, content: list[Any], foreign: bool = False) -> None:
        self.kind = kind
        self.where = where
        self.content = content
        self.foreign = foreign

    def find(self, key: Part) -> int | None:
        """Where a constant key of a dict is."""
        if not isinstance(key, Const) or isinstance(key.constant, float):
            raise GivenUp("a key that is not known")
        for at, (known, _) in enumerate(self.content):
            if not isinstance(known, Const):
                raise GivenUp("a dict with keys that are not known")
            # To a dict, True is 1; the rest of the engine keeps them apart.
            if known.constant == key.constant:
                return at
        return None

    def put(self, key: Part, item: Part) -> None:
        self.change()
        at = self.find(key)
        if at is None and len(self.content) >= MOST_ENTRIES:
            raise GivenUp("a large dict")
        if at is None:
            self.content.append((key, item))
        else:
            self.content[at] = (self.content[at][0], item)

    def change(self) -> None:
        if self.foreign or self.kind == "tuple":
            raise GivenUp("something of others is changed")


Part = Value | Box


class Inference:
    """Runs functions of one project on values."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.values: Values = project.values
        self.left = MOST_STEPS_OF_ALL
        self._known: dict[tuple[object, ...], Value | None] = {}

    def called(
        self, function: Definition, where: Where, args: list[Value], kwargs: dict[str, Value]
    ) -> Value | None:
        """What a call of a function gives; None when that is not known for sure."""
        given = [*args, *kwargs.values()]
        consts = tuple(part.constant for part in given if isinstance(part, Const))
        place = (where.module.path, *where.span)
        key = (function, place, *kwargs, *map(repr, consts))
        if len(consts) < len(given):
            return self._called(function, where, args, kwargs)
        if key not in self._known:
            self._known[key] = self._called(function, where, args, kwargs)
        return self._known[key]

    def _called(
        self, function: Definition, where: Where, args: list[Value], kwargs: dict[str, Value]
    ) -> Value | None:
        def way(run: Run) -> Part:
            given = [thawed(value) for value in args]
            named = {name: thawed(value) for name, value in kwargs.items()}
            return run.call(function, given, named, where)

        return self._all_ways(where, way)

    def variable(self, variable: Variable, where: Where) -> Value | None:
        """What a variable at the top of its module holds in the end, by running the statements
        that mention it; None when that is not known for sure."""
        module, name = variable.module, variable.name
        last = variable.assignments[-1].span[0]

        def way(run: Run) -> Part:
            body, bound = self._mentioning(module, name, last)
            frame = Frame(module, 0, bound, where, at_top=True)
            run.block(body, frame)
            return frame.local(name)

        return self._all_ways(where, way)

    def comprehension(self, where: Where) -> Value | None:
        """What a comprehension at the top of a module gives; None when that is not known."""

        def way(run: Run) -> Part:
            lines = self.lines(where.module)
            for statement in ast.parse("\n".join(lines)).body:
                end = statement.end_lineno or 0
                if statement.lineno <= where.span[0] <= end:
                    part = lines[statement.lineno - 1 : end]
                    tree = build("\n".join([*[""] * (statement.lineno - 1), *part]) + "\n")
                    frame = Frame(where.module, 0, frozenset(), where, at_top=True)
                    for node in tree.nodes_of_class((nodes.DictComp, nodes.ListComp)):
                        if frame.where(node).span[:2] == tuple(where.span[:2]):
                            return run.value(node, frame)
            raise GivenUp("a comprehension that is not there")

        return self._all_ways(where, way)

    def _all_ways(self, where: Where, way: Callable[[Run], Part]) -> Value | None:
        found: list[Value] = []
        pending: list[list[bool]] = [[]]
        steps = min(MOST_STEPS, self.left)
        while pending:
            run = Run(self, pending.pop(), steps, where)
            try:
                found.append(frozen(way(run)))
            except Raised:
                pass
            except Exception:
                # Given up, or a surprise of a third party, RecursionError included; an answer that
                # is not there harms nobody.
                return None
            finally:
                self.left -= steps - run.steps
                steps = run.steps
            pending += [[*run.taken[:at], True] for at in range(run.given, len(run.taken))]
            if len(found) + len(pending) > MOST_ALTERNATIVES:
                return None
        if not found:
            return None
        value = flatten(where, found)
        if len(found) > 1 and any(isinstance(one, Typed) for one in value.alternatives()):
            # Which way is taken may depend on the very text that one of them gives back.
            return None
        return None if isinstance(value, Unknown) else value

    # Trees

    def function(self, definition: Definition) -> nodes.FunctionDef:
        """The tree of a function, of nothing but its own lines."""
        return self.project.once(self._function, definition.module, definition.scope)

    def _function(self, module: LinkedModule, scope: int) -> nodes.FunctionDef:
        facts = module.facts.scopes[scope]
        lines = self.lines(module)
        first, _, last, _ = facts.whole
        part = lines[first - 1 : last]
        head = [""] * (first - 1)
        if part and part[0][:1].isspace():
            # A method: the row before it holds what makes its indentation one.
            head[-1] = "if 1:"
        tree = build("\n".join([*head, *part]) + "\n")
        for node in tree.nodes_of_class(nodes.FunctionDef):
            if node.name == facts.name:
                return node
        raise GivenUp("a function that is not there")

    def _mentioning(
        self, module: LinkedModule, name: str, last: int
    ) -> tuple[list[nodes.NodeNG], frozenset[str]]:
        """The statements at the top of a module that mention a name, up to a row, and the names
        they bind."""
        text = "\n".join(self.lines(module))
        kept: list[str] = []
        for statement in ast.parse(text).body:
            if statement.lineno > last:
                break
            if isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
                continue
            if not any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(statement)):
                continue
            kept += [""] * (statement.lineno - 1 - len(kept))
            rows = text.splitlines()[statement.lineno - 1 : statement.end_lineno]
            if statement.lineno <= len(kept):
                raise GivenUp("several statements in a row")
            kept += rows
        tree = build("\n".join(kept) + "\n")
        return tree.body, frozenset(tree.locals)

    def lines(self, module: LinkedModule) -> list[str]:
        """The lines of a module, as Python numbers them."""
        raw = self.project.text_of(module)
        if len(raw) > LARGEST_FILE or b"\f" in raw or b"coding" in raw[:200]:
            raise GivenUp("an unusual file")
        return re.split("\r\n|\r|\n", raw.decode("utf-8-sig"))


def build(text: str) -> nodes.Module:
    """The tree of a text."""
    return AstroidBuilder(AstroidManager(), apply_transforms=False).string_build(
        text, "inferred", "inferred.py"
    )


class Frame:
    """The names of one call, or of the top of a module."""

    def __init__(
        self,
        module: LinkedModule,
        scope: int,
        bound: frozenset[str],
        caller: Where,
        at_top: bool = False,
    ) -> None:
        self.module = module
        self.scope = scope
        self.bound = bound
        self.caller = caller
        self.at_top = at_top
        self.held: dict[str, Part] = {}

    def local(self, name: str) -> Part:
        if name not in self.held:
            raise GivenUp(f"`{name}` has no value yet")
        return self.held[name]

    def where(self, node: nodes.NodeNG) -> Where:
        end = (node.end_lineno or node.lineno, (node.end_col_offset or node.col_offset) + 1)
        return Where(self.module, (node.lineno, node.col_offset + 1, *end))


class Run:
    """One way through: `choices` decide the tests that nobody can; `taken` has those that were."""

    def __init__(
        self, inference: Inference, choices: list[bool], steps: int, origin: Where
    ) -> None:
        self.inference = inference
        #: The call that it all starts from.
        self.origin = origin
        self.names = inference.values.names
        self.given = len(choices)
        self.taken = choices
        self.at = 0
        self.steps = steps
        self.depth = 0

    def step(self) -> None:
        self.steps -= 1
        if self.steps <= 0:
            raise GivenUp("too much work")

    def decide(self, value: Part) -> bool:
        """Whether a value is true; where that is not known, first not, and then so."""
        if isinstance(value, Box):
            return bool(value.content)
        truth = truth_of(value)
        if truth is None and isinstance(value, Ref):
            if isinstance(value.target, (Definition, ModuleRef)):
                return True
        if truth is not None:
            return truth
        if self.at == len(self.taken):
            if len(self.taken) >= MOST_ALTERNATIVES:
                raise GivenUp("too many ways")
            self.taken.append(False)
        self.at += 1
        return self.taken[self.at - 1]

    # Calls

    def call(
        self, function: Definition, args: list[Part], kwargs: dict[str, Part], where: Where
    ) -> Part:
        """What a call of a function of the project gives."""
        facts = function.facts
        if facts.kind != "function" or "async" in facts.flags or "generator" in facts.flags:
            raise GivenUp("not a plain function")
        if "dynamic" in facts.flags or self.depth >= DEEPEST_CALL:
            raise GivenUp("too deep, or dynamic")
        for decorator in facts.decorators:
            name = decorator[2] if decorator[0] == "call" else decorator
            target = self.names.resolve(name, function.module, facts.parent)
            if not isinstance(target, External) or target.name not in CACHES:
                raise GivenUp("a decorated function")
        if replaced(self.inference.project, function):
            raise GivenUp("a function that is replaced")
        node = self.inference.function(function)
        frame = Frame(function.module, function.scope, frozenset(node.locals), where)
        self._bind(node, frame, args, kwargs, function)
        self.depth += 1
        try:
            self.block(node.body, frame)
        except Returned as done:
            if facts.decorators:
                foreign(done.value)
            return done.value
        finally:
            self.depth -= 1
        return Const(where, None)

    def _bind(
        self,
        node: nodes.FunctionDef,
        frame: Frame,
        args: list[Part],
        kwargs: dict[str, Part],
        function: Definition,
    ) -> None:
        rest, named = list(args), dict(kwargs)
        outer = Frame(function.module, function.facts.parent, frozenset(), frame.caller)
        for parameter in function.facts.parameters:
            name = parameter.name
            if parameter.kind == "*":
                frame.held[name] = Box("tuple", frame.caller, rest)
                rest = []
            elif parameter.kind == "**":
                pairs = [(Const(frame.caller, key), item) for key, item in named.items()]
                frame.held[name] = Box("dict", frame.caller, pairs)
                named = {}
            elif rest and parameter.kind in ("positional", "either"):
                if name in named:
                    raise Raised
                frame.held[name] = rest.pop(0)
            elif name in named and parameter.kind != "positional":
                frame.held[name] = named.pop(name)
            elif parameter.default is None:
                raise Raised
            else:
                default = self.inference.values.evaluate(
                    parameter.default, function.module, outer.scope
                )
                # One object for all calls: no call may change it.
                frame.held[name] = foreign(thawed(default))
        if rest or named:
            raise Raised

    # Statements

    def block(self, body: list[nodes.NodeNG], frame: Frame) -> None:
        for node in body:
            self.step()
            handler = STATEMENTS.get(type(node))
            if handler is None:
                raise GivenUp(f"a {type(node).__name__}")
            handler(self, node, frame)

    def _nothing(self, node: nodes.NodeNG, frame: Frame) -> None:
        pass

    def _expr(self, node: nodes.Expr, frame: Frame) -> None:
        self.value(node.value, frame)

    def _return(self, node: nodes.Return, frame: Frame) -> None:
        if node.value is None:
            raise Returned(Const(frame.where(node), None))
        raise Returned(self.value(node.value, frame))

    def _raise(self, node: nodes.Raise, frame: Frame) -> None:
        raise Raised

    def _break(self, node: nodes.NodeNG, frame: Frame) -> None:
        raise LoopEnd(isinstance(node, nodes.Break))

    def _assign(self, node: nodes.Assign, frame: Frame) -> None:
        value = self.value(node.value, frame)
        for target in node.targets:
            self.store(target, value, frame)

    def _annotated(self, node: nodes.AnnAssign, frame: Frame) -> None:
        if node.value is not None:
            self.store(node.target, self.value(node.value, frame), frame)

    def _augmented(self, node: nodes.AugAssign, frame: Frame) -> None:
        new = self.value(node.value, frame)
        target = node.target
        if isinstance(target, nodes.AssignName):
            old = frame.local(target.name)
        elif isinstance(target, nodes.Subscript):
            old = self._subscript(target, frame)
        else:
            raise GivenUp("an attribute that is changed")
        if isinstance(old, Box) and old.kind == "list" and node.op == "+=":
            old.change()
            old.content += self.rounds(new)
        elif isinstance(old, Box) and old.kind == "dict" and node.op == "|=":
            self.merge(old, new)
        else:
            self.store(target, self.combined(node, node.op[:-1], old, new, frame), frame)

    def _if(self, node: nodes.If, frame: Frame) -> None:
        self.block(node.body if self.decide(self.value(node.test, frame)) else node.orelse, frame)

    def _for(self, node: nodes.For, frame: Frame) -> None:
        value = self.value(node.iter, frame)
        items = self.rounds(value)
        for item in items:
            self.step()
            self.store(node.target, item, frame)
            try:
                self.block(node.body, frame)
            except LoopEnd as end:
                if end.breaks:
                    break
            if isinstance(value, Box) and len(value.content) != len(items):
                raise GivenUp("a loop over what it changes")
        else:
            self.block(node.orelse, frame)

    def _delete(self, node: nodes.Delete, frame: Frame) -> None:
        for target in node.targets:
            if isinstance(target, nodes.DelName):
                frame.local(target.name)
                del frame.held[target.name]
                continue
            box = self.value(target.value, frame) if isinstance(target, nodes.Subscript) else None
            if not isinstance(box, Box) or box.kind != "dict":
                raise GivenUp("a deletion")
            box.change()
            at = box.find(self.value(target.slice, frame))
            if at is None:
                raise Raised
            del box.content[at]

    def store(self, target: nodes.NodeNG, value: Part, frame: Frame) -> None:
        """Gives a target its value."""
        if isinstance(target, nodes.AssignName):
            frame.held[target.name] = value
        elif isinstance(target, (nodes.Tuple, nodes.List)):
            items = self.rounds(value)
            if any(isinstance(t, nodes.Starred) for t in target.elts):
                raise GivenUp("a starred target")
            if len(items) != len(target.elts):
                raise Raised
            for part, item in zip(target.elts, items, strict=True):
                self.store(part, item, frame)
        elif isinstance(target, nodes.Subscript):
            box = self.value(target.value, frame)
            if not isinstance(box, Box):
                if mutable(value) or not isinstance(box, Const):
                    raise GivenUp("an item of something")
                raise Raised
            if box.kind != "dict":
                raise GivenUp("an item of a list")
            box.put(self.value(target.slice, frame), value)
        elif isinstance(target, nodes.AssignAttr) and frame.at_top:
            # Where else it is put does not change what it holds, as long as nobody changes it
            # there; that is for `conf` statements, which are read on their own.
            pass
        else:
            raise GivenUp("an attribute that is set")

    # Expressions

    def value(self, node: nodes.NodeNG, frame: Frame) -> Part:
        """What an expression gives."""
        self.step()
        handler = EXPRESSIONS.get(type(node))
        if handler is None:
            raise GivenUp(f"a {type(node).__name__}")
        return handler(self, node, frame)

    def _const(self, node: nodes.Const, frame: Frame) -> Part:
        if not isinstance(node.value, (bool, int, float, str, bytes, type(None))):
            raise GivenUp("an unusual constant")
        return Const(frame.where(node), node.value)

    def _name(self, node: nodes.Name, frame: Frame) -> Part:
        if node.name in frame.bound:
            return frame.local(node.name)
        where = frame.where(node)
        row = node.lineno if frame.at_top else 1 << 60
        target = self.names.lookup(node.name, frame.module, frame.scope, row)
        return self._meant(self.names.follow(target), where, frame)

    def _meant(self, target: Any, where: Where, frame: Frame) -> Part:
        if isinstance(target, Variable):
            own = target.module is self.origin.module and not frame.at_top
            if target.scope and target.module.facts.scopes[target.scope].kind != "class":
                raise GivenUp("a variable of a function around it")
            if own and target.assignments[-1].span[0] >= self.origin.span[0]:
                raise GivenUp("a variable that changes after the call")
            return foreign(thawed(self.inference.values.value_of_variable(target)))
        value = self.inference.values.value_of(target, where)
        return foreign(thawed(value))

    def _attribute(self, node: nodes.Attribute, frame: Frame) -> Part:
        base = self.value(node.expr, frame)
        where = frame.where(node)
        if isinstance(base, Ref) and not isinstance(base.target, Nothing):
            target = self.names.member(base.target, node.attrname, frame.module)
            return self._meant(self.names.follow(target), where, frame)
        if mutable(base):
            raise GivenUp("an attribute of what is being built")
        return Unknown(where, f"attribute `{node.attrname}` of a value")

    def _dict(self, node: nodes.Dict, frame: Frame) -> Part:
        box = Box("dict", frame.where(node), [])
        for key, item in node.items:
            if isinstance(key, nodes.DictUnpack):
                self.merge(box, self.value(item, frame))
            else:
                known = self.value(key, frame)
                box.put(known, self.value(item, frame))
        return box

    def _display(self, node: Any, frame: Frame) -> Part:
        kind = {nodes.List: "list", nodes.Tuple: "tuple", nodes.Set: "set"}[type(node)]
        content: list[Part] = []
        for element in node.elts:
            if isinstance(element, nodes.Starred):
                content += self.rounds(self.value(element.value, frame))
            else:
                content.append(self.value(element, frame))
        return Box(kind, frame.where(node), content)

    def _binary(self, node: nodes.BinOp, frame: Frame) -> Part:
        left, right = self.value(node.left, frame), self.value(node.right, frame)
        return self.combined(node, node.op, left, right, frame)

    def combined(
        self, node: nodes.NodeNG, operator: str, left: Part, right: Part, frame: Frame
    ) -> Part:
        """`left operator right`, as a new value."""
        where = frame.where(node)
        if isinstance(left, Box) and isinstance(right, Box):
            if operator == "+" and left.kind == right.kind and left.kind in ("list", "tuple"):
                return Box(left.kind, where, [*left.content, *right.content])
            if operator == "|" and left.kind == right.kind == "dict":
                box = Box("dict", where, list(left.content))
                self.merge(box, right)
                return box
            raise GivenUp(f"`{operator}`")
        return combine(where, operator, frozen_flat(left), frozen_flat(right))

    def _unary(self, node: nodes.UnaryOp, frame: Frame) -> Part:
        operand = self.value(node.operand, frame)
        where = frame.where(node)
        if node.op == "not":
            return Const(where, not self.decide(operand))
        if isinstance(operand, Const) and isinstance(operand.constant, (int, float)):
            if node.op == "-":
                return Const(where, -operand.constant)
        raise GivenUp(f"`{node.op}`")

    def _bool(self, node: nodes.BoolOp, frame: Frame) -> Part:
        value = self.value(node.values[0], frame)
        for part in node.values[1:]:
            if self.decide(value) is (node.op == "or"):
                return value
            value = self.value(part, frame)
        return value

    def _compare(self, node: nodes.Compare, frame: Frame) -> Part:
        where = frame.where(node)
        unknown = Typed(where, "bool", None, "a comparison")
        if len(node.ops) != 1:
            return unknown
        operator, right_node = node.ops[0]
        left, right = self.value(node.left, frame), self.value(right_node, frame)
        if operator in ("in", "not in") and isinstance(right, Box):
            if not isinstance(left, Const):
                return unknown
            keys = [key for key, _ in right.content] if right.kind == "dict" else right.content
            if not all(isinstance(key, Const) for key in keys):
                return unknown
            found = any(key.constant == left.constant for key in keys)
            return Const(where, found is (operator == "in"))
        if not isinstance(left, Const) or not isinstance(right, Const):
            return unknown
        a, b = left.constant, right.constant
        if operator in ("is", "is not") and (a is None or b is None):
            return Const(where, (a is b) is (operator == "is"))
        compared = COMPARISONS.get(operator)
        if compared is None:
            return unknown
        try:
            return Const(where, bool(compared(a, b)))
        except TypeError:
            raise Raised from None

    def _choice(self, node: nodes.IfExp, frame: Frame) -> Part:
        chosen = node.body if self.decide(self.value(node.test, frame)) else node.orelse
        return self.value(chosen, frame)

    def _text(self, node: nodes.JoinedStr, frame: Frame) -> Part:
        where = frame.where(node)
        parts: list[Value] = []
        for part in node.values:
            if isinstance(part, nodes.FormattedValue):
                if part.format_spec is not None or part.conversion not in (-1, 115):
                    parts.append(Typed(where, "str", None, "a format"))
                    continue
                parts.append(frozen_flat(self.value(part.value, frame)))
            else:
                parts.append(frozen_flat(self.value(part, frame)))
        return joined(where, parts)

    def _subscript(self, node: nodes.Subscript, frame: Frame) -> Part:
        base, key = self.value(node.value, frame), self.value(node.slice, frame)
        where = frame.where(node)
        if isinstance(base, Box) and base.kind == "dict":
            at = base.find(key)
            if at is None:
                raise Raised
            item: Part = base.content[at][1]
            return item
        if isinstance(base, Box) and isinstance(key, Const) and isinstance(key.constant, int):
            if base.kind not in ("list", "tuple"):
                raise GivenUp("an item of a set")
            try:
                found: Part = base.content[key.constant]
            except IndexError:
                raise Raised from None
            return found
        if isinstance(base, Box):
            raise GivenUp("an item that is not known")
        if isinstance(base, Ref) and base.target == External("os.environ"):
            return Typed(where, "str", None, SOURCE)
        return Unknown(where, "an item of something")

    def _comprehension(self, node: Any, frame: Frame) -> Part:
        where = frame.where(node)
        inner = Frame(frame.module, frame.scope, frame.bound | frozenset(node.locals), frame.caller)
        inner.at_top = frame.at_top
        inner.held = dict(frame.held)
        kind = {nodes.ListComp: "list", nodes.SetComp: "set", nodes.GeneratorExp: "tuple"}
        box = Box(kind.get(type(node), "dict"), where, [])
        for _ in self._generated(node.generators, inner):
            if isinstance(node, nodes.DictComp):
                key = self.value(node.key, inner)
                box.put(key, self.value(node.value, inner))
            else:
                box.content.append(self.value(node.elt, inner))
        return box

    def _generated(self, generators: list[nodes.Comprehension], frame: Frame) -> Iterator[None]:
        if not generators:
            yield
            return
        first, *others = generators
        if first.is_async:
            raise GivenUp("an async comprehension")
        for item in self.rounds(self.value(first.iter, frame)):
            self.step()
            self.store(first.target, item, frame)
            if all(self.decide(self.value(test, frame)) for test in first.ifs):
                yield from self._generated(others, frame)

    # Calls in expressions

    def _call(self, node: nodes.Call, frame: Frame) -> Part:
        where = frame.where(node)
        function = node.func
        if isinstance(function, nodes.Attribute):
            base = self.value(function.expr, frame)
            if isinstance(base, Box) or (isinstance(base, Const) and base.constant is not None):
                args, kwargs = self._arguments(node, frame)
                if isinstance(base, Box):
                    return self._method(base, function.attrname, args, kwargs, where)
                return self._text_method(base, function.attrname, args, kwargs, where)
        callee = self.value(function, frame)
        args, kwargs = self._arguments(node, frame)
        if isinstance(callee, Ref) and isinstance(callee.target, Definition):
            if callee.target.facts.kind == "function":
                return self.call(callee.target, args, kwargs, where)
            if any(map(mutable, [*args, *kwargs.values()])):
                raise GivenUp("an object that keeps what is being built")
            return Made(where, callee.target, *given(args, kwargs), False)
        if isinstance(callee, Ref) and isinstance(callee.target, External):
            return self._outside(callee.target.name, args, kwargs, where)
        if any(map(mutable, [*args, *kwargs.values()])):
            raise GivenUp("a call that may change what it is given")
        return Unknown(where, "the result of a call that cannot be followed")

    def _arguments(self, node: nodes.Call, frame: Frame) -> tuple[list[Part], dict[str, Part]]:
        args: list[Part] = []
        kwargs: dict[str, Part] = {}
        for argument in node.args:
            if isinstance(argument, nodes.Starred):
                args += self.rounds(self.value(argument.value, frame))
            else:
                args.append(self.value(argument, frame))
        for keyword in node.keywords:
            item = self.value(keyword.value, frame)
            if keyword.arg is not None:
                kwargs[keyword.arg] = item
                continue
            if not isinstance(item, Box) or item.kind != "dict":
                raise GivenUp("keywords that are not known")
            for key, value in item.content:
                if not isinstance(key, Const) or not isinstance(key.constant, str):
                    raise GivenUp("keywords that are not known")
                kwargs[key.constant] = value
        return args, kwargs

    def _method(
        self, box: Box, name: str, args: list[Part], kwargs: dict[str, Part], where: Where
    ) -> Part:
        none = Const(where, None)
        if box.kind == "dict":
            if name == "update" and len(args) <= 1:
                for argument in args:
                    self.merge(box, argument)
                for key, item in kwargs.items():
                    box.put(Const(where, key), item)
                return none
            if kwargs:
                raise GivenUp(f"`{name}`")
            if name in ("get", "setdefault", "pop") and 1 <= len(args) <= 2:
                at = box.find(args[0])
                default = args[1] if len(args) == 2 else none
                if at is None and name == "pop" and len(args) == 1:
                    raise Raised
                if at is None:
                    if name == "setdefault":
                        box.put(args[0], default)
                    return default
                item = box.content[at][1]
                if name == "pop":
                    box.change()
                    del box.content[at]
                return item  # type: ignore[no-any-return]
            if not args and name == "items":
                pairs = [Box("tuple", where, list(pair)) for pair in box.content]
                return Box("tuple", where, pairs)
            if not args and name in ("keys", "values"):
                at = 0 if name == "keys" else 1
                return Box("tuple", where, [pair[at] for pair in box.content])
            if not args and name == "copy":
                return Box("dict", box.where, list(box.content))
        if box.kind == "list" and not kwargs:
            if name == "append" and len(args) == 1:
                box.change()
                box.content.append(args[0])
                return none
            if name == "extend" and len(args) == 1:
                box.change()
                box.content += self.rounds(args[0])
                return none
            if name == "copy" and not args:
                return Box("list", box.where, list(box.content))
        if box.kind == "set" and name == "add" and len(args) == 1 and not kwargs:
            box.change()
            box.content.append(args[0])
            return none
        raise GivenUp(f"`{name}` of a {box.kind}")

    def _text_method(
        self, text: Const, name: str, args: list[Part], kwargs: dict[str, Part], where: Where
    ) -> Part:
        if not isinstance(text.constant, str):
            raise GivenUp(f"`{name}`")
        if name == "join" and len(args) == 1 and not kwargs:
            words = [frozen(part) for part in self.rounds(args[0])]
            if all(isinstance(w, Const) and isinstance(w.constant, str) for w in words):
                return _short(where, text.constant.join(w.value for w in words))
            return Typed(where, "str", None, "a text")
        plain, named = given(args, kwargs)
        if name == "format":
            made = formatted(text.constant, plain, named)
            return Typed(where, "str", None, "a text") if made is None else _short(where, made)
        consts = [part.constant for part in plain if isinstance(part, Const)]
        if named or len(consts) != len(plain):
            return Typed(where, "object", None, "a text")
        if name == "replace" and len(consts) in (2, 3):
            if any(not isinstance(c, str) or len(c) > 100 for c in consts[:2]):
                raise GivenUp("`replace`")
            return _short(where, text.constant.replace(*consts))
        if name not in PURE_TEXT_METHODS or (name == "zfill" and not _small(consts)):
            raise GivenUp(f"`{name}` of a text")
        try:
            result = getattr(text.constant, name)(*consts)
        except (TypeError, ValueError):
            raise Raised from None
        if isinstance(result, list):
            return Box("list", where, [Const(where, part) for part in result])
        return _short(where, result)

    def _outside(self, name: str, args: list[Part], kwargs: dict[str, Part], where: Where) -> Part:
        if name in ("copy.copy", "copy.deepcopy") and len(args) == 1 and not kwargs:
            if isinstance(args[0], Box):
                return copied(args[0], name == "copy.deepcopy")
            return args[0]
        short = name.removeprefix("builtins.")
        if short in DYNAMIC:
            raise GivenUp(f"`{short}`")
        if name in TYPE_TESTS:
            # What follows holds for one type alone: the other ways are not to be mixed with it.
            raise GivenUp(f"`{short}` decides")
        if short in ("dict", "collections.OrderedDict") and len(args) <= 1:
            box = Box("dict", where, [])
            for argument in args:
                self.merge(box, argument)
            for key, item in kwargs.items():
                box.put(Const(where, key), item)
            return box
        if short != name and not kwargs:
            if short in ("list", "tuple", "set") and len(args) <= 1:
                return Box(short, where, list(self.rounds(args[0])) if args else [])
            if short == "enumerate" and len(args) == 1:
                rounds = enumerate(self.rounds(args[0]))
                pairs = [Box("tuple", where, [Const(where, at), it]) for at, it in rounds]
                return Box("tuple", where, pairs)
            if short == "zip" and args:
                columns = [self.rounds(argument) for argument in args]
                rows = [Box("tuple", where, list(row)) for row in zip(*columns)]
                return Box("tuple", where, rows)
            if short == "reversed" and len(args) == 1:
                return Box("tuple", where, self.rounds(args[0])[::-1])
            if short == "len" and len(args) == 1 and isinstance(args[0], Box):
                if args[0].kind != "set":
                    return Const(where, len(args[0].content))
        if name in ("os.environ.get", "os.getenv"):
            return self._environment(args, kwargs, where)
        if any(map(mutable, [*args, *kwargs.values()])) and not name.startswith(DATA):
            if not name.startswith("builtins.") or short not in ("str", "bool", "len", "range"):
                raise GivenUp("a call that may change what it is given")
        plain, named = given(args, kwargs)
        built = BUILDERS.get(name)
        if built is not None:
            return thawed(built(where, plain, named))
        return Made(where, name, plain, named, False)

    def _environment(self, args: list[Part], kwargs: dict[str, Part], where: Where) -> Part:
        default = args[1] if len(args) > 1 else kwargs.get("default")
        if isinstance(default, Const) and isinstance(default.constant, str):
            return Typed(where, "str", default, SOURCE)
        if default is None:
            return OneOf(where, (Typed(where, "str", None, SOURCE), Const(where, None)))
        return Typed(where, "object", None, SOURCE)

    # Parts

    def rounds(self, value: Part) -> list[Part]:
        """What a loop over a value gets."""
        if isinstance(value, Items) and not value.open and value.kind == "range":
            return list(value.items)
        if not isinstance(value, Box) or value.kind == "set":
            raise GivenUp("a loop over what is not known")
        if len(value.content) > MOST_ROUNDS:
            raise GivenUp("a long loop")
        if value.kind == "dict":
            return [key for key, _ in value.content]
        return list(value.content)

    def merge(self, box: Box, other: Part) -> None:
        """`box.update(other)`."""
        box.change()
        if not isinstance(other, Box):
            raise GivenUp("an update with what is not known")
        for pair in list(other.content):
            if other.kind == "dict":
                box.put(*pair)
                continue
            pair = self.rounds(pair)
            if len(pair) != 2:
                raise Raised
            box.put(*pair)


def _small(values: list[Any]) -> bool:
    return all(isinstance(value, int) and value <= 100 for value in values)


def _short(where: Where, value: Any) -> Value:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise GivenUp("a long text")
    return Const(where, value)


def given(args: list[Part], kwargs: dict[str, Part]) -> tuple[list[Value], dict[str, Value]]:
    return [frozen(a) for a in args], {name: frozen(a) for name, a in kwargs.items()}


def mutable(part: Part) -> bool:
    """Whether somebody who holds a part could change what is being built."""
    if not isinstance(part, Box):
        return False
    if part.kind == "dict":
        return True
    return part.kind != "tuple" or any(map(mutable, part.content))


def foreign(part: Part) -> Part:
    """The same part, which nobody may change any more."""
    if isinstance(part, Box):
        part.foreign = True
        for inner in part.content:
            for one in inner if part.kind == "dict" else (inner,):
                foreign(one)
    return part


def copied(box: Box, deep: bool) -> Box:
    """A copy that may be changed."""

    def inner(part: Part) -> Part:
        return copied(part, True) if deep and isinstance(part, Box) else part

    if box.kind == "dict":
        return Box("dict", box.where, [(key, inner(item)) for key, item in box.content])
    return Box(box.kind, box.where, [inner(item) for item in box.content])


def thawed(value: Value) -> Part:
    """A value as something that statements work on; what is not wholly known stays as it is."""
    if isinstance(value, Mapping) and not value.open:
        return Box("dict", value.where, [(e.key, thawed(e.item)) for e in value.entries])
    if isinstance(value, Items) and not value.open and value.kind != "range":
        return Box(value.kind, value.where, [thawed(item) for item in value.items])
    return value


def frozen(part: Part, depth: int = 0) -> Value:
    """A part as it is now."""
    if not isinstance(part, Box):
        return part
    if depth > 30:
        raise GivenUp("too deeply nested")
    if part.kind != "dict":
        return Items(part.where, part.kind, [frozen(p, depth + 1) for p in part.content], False)
    entries = [Entry(key, frozen(item, depth + 1)) for key, item in part.content]
    return Mapping(part.where, entries, False)


def frozen_flat(part: Part) -> Value:
    """A part in an operator or a text, where dicts and lists have no business."""
    if isinstance(part, Box) and part.kind != "tuple":
        raise GivenUp("an operation on a dict or list")
    return frozen(part)


def replaced(project: Project, function: Definition) -> bool:
    """Whether some module gives the name of a function another meaning: `module.name = other`."""
    name = function.facts.name
    if name in project.once(_patched, project):
        return True
    quoted = (f'"{name}"', f"'{name}'")
    return any(
        "setattr(" in text and any(one in text for one in quoted) for text in project.texts()
    )


def _patched(project: Project) -> frozenset[str]:
    """The attributes that are set on anything but `self`."""
    return frozenset(
        assignment.target[3]
        for module in project.modules
        for assignment in module.facts.assignments
        if assignment.target[0] == "attr"
        and (assignment.target[2][0] != "name" or assignment.target[2][2] != "self")
    )


COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "in": lambda a, b: a in b,
    "not in": lambda a, b: a not in b,
}
STATEMENTS: dict[type, Callable[[Run, Any, Frame], None]] = {
    nodes.Pass: Run._nothing,
    nodes.Import: Run._nothing,
    nodes.ImportFrom: Run._nothing,
    nodes.Expr: Run._expr,
    nodes.Return: Run._return,
    nodes.Raise: Run._raise,
    nodes.Break: Run._break,
    nodes.Continue: Run._break,
    nodes.Assign: Run._assign,
    nodes.AnnAssign: Run._annotated,
    nodes.AugAssign: Run._augmented,
    nodes.If: Run._if,
    nodes.For: Run._for,
    nodes.Delete: Run._delete,
}
EXPRESSIONS: dict[type, Callable[[Run, Any, Frame], Part]] = {
    nodes.Const: Run._const,
    nodes.Name: Run._name,
    nodes.Attribute: Run._attribute,
    nodes.Dict: Run._dict,
    nodes.List: Run._display,
    nodes.Tuple: Run._display,
    nodes.Set: Run._display,
    nodes.BinOp: Run._binary,
    nodes.UnaryOp: Run._unary,
    nodes.BoolOp: Run._bool,
    nodes.Compare: Run._compare,
    nodes.IfExp: Run._choice,
    nodes.JoinedStr: Run._text,
    nodes.Subscript: Run._subscript,
    nodes.ListComp: Run._comprehension,
    nodes.SetComp: Run._comprehension,
    nodes.DictComp: Run._comprehension,
    nodes.GeneratorExp: Run._comprehension,
    nodes.Call: Run._call,
}
