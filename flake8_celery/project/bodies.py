"""What the bodies of functions do to names, as far as facts do not keep it.

Facts hold what functions return, and not every statement on the way; what matters here is rare, so
that the few texts in question are parsed again.  A search for words comes first.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..facts import Expr
from .names import Definition, LinkedModule, ParameterRef

if TYPE_CHECKING:
    from . import Project

CHANGING = frozenset(
    "update setdefault append extend insert pop popitem remove clear add discard sort reverse "
    "__setitem__ __delitem__".split()
)
DEEPEST_PASS = 4
ENVIRONMENT = frozenset({"environ", "getenv", "environb"})
# What the second evaluator runs; it gives up on all others.
FOLLOWED = (
    *(ast.Pass, ast.Import, ast.ImportFrom, ast.alias, ast.Expr, ast.Return, ast.Raise),
    *(ast.Break, ast.Continue, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.If, ast.For),
    *(ast.Delete, ast.Constant, ast.Name, ast.Attribute, ast.Dict, ast.List, ast.Tuple, ast.Set),
    *(ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.JoinedStr, ast.Subscript),
    *(ast.FormattedValue, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Call),
    *(ast.comprehension, ast.keyword, ast.Starred, ast.expr_context, ast.operator, ast.unaryop),
    *(ast.boolop, ast.cmpop),
)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Body(NamedTuple):
    """What kind of body a function has.

    `simple`: one `return` is all of it; `ends`: it never comes to its end without a `return`;
    `followed`: it is worth running on values, since nothing in it is beyond that, and nothing it
    calls by name reads the environment."""

    simple: bool
    ends: bool
    followed: bool


def body_of(project: Project, function: Definition) -> Body:
    """What kind of body a function of the project has."""
    return project.once(_body_of, project, function.module, function.scope, DEEPEST_PASS)


def _body_of(project: Project, module: LinkedModule, scope: int, depth: int) -> Body:
    first, _, last, _ = module.facts.scopes[scope].whole
    lines = project.text_of(module).splitlines()[first - 1 : last]
    if lines and lines[0][:1].isspace():
        lines.insert(0, b"if 1:")
    try:
        node: ast.stmt = ast.parse(b"\n".join(lines)).body[0]
    except (SyntaxError, ValueError, RecursionError, IndexError):
        return Body(False, False, False)
    if isinstance(node, ast.If):
        node = node.body[0]
    if not isinstance(node, ast.FunctionDef):
        return Body(False, False, False)
    docstring = ast.get_docstring(node, clean=False) is not None
    body = node.body[1:] if docstring else node.body
    simple = len(body) == 1 and isinstance(body[0], ast.Return)
    parts = [part for statement in body for part in ast.walk(statement)]
    followed = all(isinstance(part, FOLLOWED) for part in parts) and not any(
        _reads_environment(project, module, scope, part, depth) for part in parts
    )
    return Body(simple, _ends(body), followed)


def _reads_environment(
    project: Project, module: LinkedModule, scope: int, node: ast.AST, depth: int
) -> bool:
    if isinstance(node, (ast.Attribute, ast.Name)):
        name = node.attr if isinstance(node, ast.Attribute) else node.id
        return name in ENVIRONMENT
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or depth == 0:
        return False
    called = project.names.lookup(node.func.id, module, scope)
    if not isinstance(called, Definition) or called.facts.kind != "function":
        return False
    if (called.module, called.scope) == (module, scope):
        return False
    return not project.once(_body_of, project, called.module, called.scope, depth - 1).followed


def _ends(body: list[ast.stmt]) -> bool:
    """Whether statements surely end with `return` or `raise`."""
    last = body[-1] if body else None
    if isinstance(last, ast.If):
        return _ends(last.body) and _ends(last.orelse)
    if isinstance(last, ast.With):
        return _ends(last.body)
    if isinstance(last, ast.Try):
        if _ends(last.finalbody):
            return True
        return _ends(last.orelse or last.body) and all(_ends(h.body) for h in last.handlers)
    return isinstance(last, (ast.Return, ast.Raise))


def changed_by_functions(project: Project, module: LinkedModule, name: str) -> bool:
    """Whether functions change the dict or list that a name at the top of a module stands for,
    or may: one that changes the global, or one that is given it and changes its parameter."""
    word = re.escape(name.encode())
    text = project.text_of(module)
    inside = (
        rb"(?m)^[ \t]+(?:(?:del\s+)?%s\s*(?:\[|\.|[|+]=)|global\b[^\n]*\b%s\b)"
        rb"|[(,=*]\s*%s\s*[,)]" % (word, word, word)
    )
    if not re.search(inside, text):
        return False
    touched = project.once(_touched, project, module)
    if touched is None or name in touched.changed:
        return True
    calls = touched.given.get(name, ())
    return any(_passed(project, module, call, name, DEEPEST_PASS) for call in calls)


class Touched(NamedTuple):
    """What the functions of a module change that is not their own, and which calls anywhere are
    given a name."""

    changed: frozenset[str | None]
    given: dict[str, list[ast.Call]]


def _touched(project: Project, module: LinkedModule) -> Touched | None:
    tree = project.once(_tree, project, module)
    if tree is None:
        return None
    changed: set[str | None] = set()
    given: dict[str, list[ast.Call]] = {}
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            changed |= _changes(node)
        elif isinstance(node, ast.Call):
            for _, argument in _given(node):
                if isinstance(argument, ast.Name):
                    given.setdefault(argument.id, []).append(node)
    return Touched(frozenset(changed), given)


def _tree(project: Project, module: LinkedModule) -> ast.Module | None:
    try:
        return ast.parse(project.text_of(module))
    except (SyntaxError, ValueError, RecursionError):
        return None


def _changes(function: Function) -> set[str | None]:
    """The names of which a function changes what they stand for, and that are not its own."""
    body = [node for statement in function.body for node in ast.walk(statement)]
    declared = {name for node in body if isinstance(node, ast.Global) for name in node.names}
    bound = {n.id for n in body if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return (_changed_in_place(body) - bound - set(_parameters(function))) | declared


def _parameters(function: Function) -> list[str]:
    arguments = function.args
    given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [argument.arg for argument in given]


def _changed_in_place(nodes: list[ast.AST]) -> set[str | None]:
    found: set[str | None] = set()
    for node in nodes:
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            found.add(_root(node))
        elif isinstance(node, ast.AugAssign):
            found.add(_root(node.target))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in CHANGING:
                found.add(_root(node.func.value))
    return found


def _root(node: ast.AST) -> str | None:
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _passed(project: Project, module: LinkedModule, call: ast.Call, name: str, depth: int) -> bool:
    """Whether a call gives a name to a function of the project that changes its parameter."""
    for place, argument in _given(call):
        if not isinstance(argument, ast.Name) or argument.id != name:
            continue
        expr = _expr(call.func)
        target = None if expr is None else project.names.resolve(expr, module, 0)
        if not isinstance(target, Definition) or target.facts.kind != "function":
            continue
        tree = project.once(_tree, project, target.module)
        found = [
            node
            for node in ast.walk(tree or ast.Module([], []))
            if isinstance(node, FUNCTIONS) and node.name == target.facts.name
        ]
        if not found or depth == 0:
            return True
        for function in found:
            names = _parameters(function)
            if isinstance(place, int) and place >= len(names):
                continue
            own = names[place] if isinstance(place, int) else place
            if own in _changed_in_place(list(ast.walk(function))):
                return True
            calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
            if any(_passed(project, target.module, c, own, depth - 1) for c in calls):
                return True
    return False


def _given(call: ast.Call) -> Iterator[tuple[int | str, ast.expr]]:
    yield from enumerate(call.args)
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg, keyword.value


def _expr(node: ast.expr) -> tuple[object, ...] | None:
    span = (1 << 59, 1, 1 << 59, 1)
    if isinstance(node, ast.Name):
        return ("name", span, node.id)
    if isinstance(node, ast.Attribute):
        base = _expr(node.value)
        return None if base is None else ("attr", span, base, node.attr)
    return None


def attribute_of_self(
    project: Project, module: LinkedModule, scope: int, expr: Expr
) -> tuple[int, Expr] | None:
    """What `self._name` stands for where the class gives it one meaning, None aside: the scope
    and the name that it is set from.  Only private names: others are for subclasses to set."""
    name = expr[3]
    own = project.names.resolve(expr[2], module, scope)
    if not name.startswith("_") or name.startswith("__") or not isinstance(own, ParameterRef):
        return None
    facts = module.facts.scopes
    method = facts[own.scope]
    if facts[method.parent].kind != "class" or method.parameters[0].name != own.name:
        return None
    return project.once(_set_once, project, module, method.parent, name)


def _set_once(
    project: Project, module: LinkedModule, cls: int, name: str
) -> tuple[int, Expr] | None:
    tree = project.once(_tree, project, module)
    row = module.facts.scopes[cls].span[0]
    found: list[tuple[int, ast.expr]] = []
    seen = 0
    for node in ast.walk(tree or ast.Module([], [])):
        if not isinstance(node, ast.ClassDef) or node.lineno != row:
            continue
        for function in [n for n in node.body if isinstance(n, FUNCTIONS)]:
            for statement in ast.walk(function):
                if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or not statement.value:
                    continue
                target: ast.expr
                if isinstance(statement, ast.AnnAssign):
                    target = statement.target
                else:
                    target = statement.targets[0]
                if isinstance(target, ast.Attribute) and target.attr == name:
                    seen += 1
                    if not isinstance(statement.value, ast.Constant):
                        found.append((function.lineno, statement.value))
    if len(found) != 1:
        return None
    # Whatever else sets an attribute of this name may set this one.
    written = re.compile(rf"\b{re.escape(name)}\b\s*(?::[^=\n]+)?=(?!=)")
    everywhere = sum(len(written.findall(text)) for text in project.texts() if name in text)
    if seen != everywhere:
        return None
    line, value = found[0]
    expr = _expr(value)
    scopes = [
        number
        for number, facts in enumerate(module.facts.scopes)
        if facts.parent == cls and facts.span[0] == line
    ]
    return (scopes[0], expr) if expr is not None and len(scopes) == 1 else None
