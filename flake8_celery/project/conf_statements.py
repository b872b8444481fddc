"""The statements that configure an app: writes to `app.conf`, and calls that name a config object.

Nothing here decides what a statement sets; that is `configuration`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..celery import settings as table
from ..facts import Assignment, Expr, Span
from ..rule import Where
from .apps import APP_SIGNALS, App, app_of_expr
from .names import LinkedModule, Variable
from .subject import Subject
from .values import Const

if TYPE_CHECKING:
    from . import Project

SOURCE_METHODS = frozenset({"config_from_object", "config_from_envvar", "add_defaults"})


class Statement:
    """One statement that configures an app, or an app that is not known (`app` is None).

    `kind` is the method of SOURCE_METHODS with its call in `expr`, or "read" where a setting is
    read, which makes Celery load its configuration, or what of `app.conf` is written: "key" for
    one key, "inside" for something within its value, "all" for several keys.  `late` says that
    Celery has certainly loaded its configuration before.
    The target of `change` is a bare name that stands for what is changed."""

    __slots__ = (
        "app",
        "block",
        "change",
        "expr",
        "key",
        "kind",
        "late",
        "module",
        "project",
        "scope",
        "span",
    )

    def __init__(
        self,
        project: Project,
        app: App | None,
        module: LinkedModule,
        scope: int,
        block: int,
        kind: str,
        expr: Expr,
        span: Span,
        key: str = "",
        change: Any = None,
    ) -> None:
        self.project = project
        self.app = app
        self.module = module
        self.scope = scope
        self.block = block
        self.kind = kind
        self.expr = expr
        self.span = span
        self.key = key
        self.change = change
        self.late = False

    @property
    def where(self) -> Where:
        """The place of the key."""
        return Where(self.module, self.span)


def statements(project: Project) -> list[Statement]:
    """Every statement of the project that configures an app."""
    if "statements" not in project.kept:
        found: list[Statement] = []
        for module in project.modules:
            found += _calls(project, module)
            found += _writes(project, module)
        project.kept["statements"] = found
    every: list[Statement] = project.kept["statements"]
    return every


def _calls(project: Project, module: LinkedModule) -> Iterator[Statement]:
    for scope, block, call, _ in module.facts.expressions:
        if call[0] == "attr" and ends_in(call[2], "conf"):
            app = app_of_expr(project, module, scope, call[2][2])
            if app is not None:
                yield Statement(project, app, module, scope, block, "read", call, call[1])
        if call[0] == "call" and call[2][0] == "attr" and call[2][3] in SOURCE_METHODS:
            app = app_of_expr(project, module, scope, call[2][2])
            if app is None and call[2][3] == "add_defaults":
                continue
            yield Statement(project, app, module, scope, block, call[2][3], call, call[1])


def _writes(project: Project, module: LinkedModule) -> Iterator[Statement]:
    aliases = {
        a.target[2]
        for a in module.facts.assignments
        if a.op == "=" and a.target[0] == "name" and ends_in(a.value, "conf")
    }
    for assignment in module.facts.assignments:
        target = assignment.target
        if target[0] == "name" and assignment.op == "=":
            continue
        path = _split_conf(project, module, assignment, aliases)
        if path is None:
            continue
        owner, steps = path
        app = app_of_expr(project, module, assignment.scope, owner)
        if app is None and not _may_be_app(project, module, assignment, owner, steps):
            continue
        yield from _statement_of(project, module, assignment, app, steps)


def _split_conf(
    project: Project, module: LinkedModule, assignment: Assignment, aliases: set[str]
) -> tuple[Expr, list[Expr]] | None:
    """The app of `app.conf.x[...]`, and the attributes and items after `conf`, outermost last."""
    steps: list[Expr] = []
    expr = assignment.target
    while expr[0] in ("attr", "sub"):
        if expr[0] == "attr" and expr[3] == "conf":
            return expr[2], steps[::-1]
        steps.append(expr)
        expr = expr[2]
    if expr[0] == "name" and expr[2] in aliases:
        target = project.names.lookup(expr[2], module, assignment.scope, expr[1][0])
        if isinstance(target, Variable):
            first = target.assignments[0].value
            if first[0] == "attr" and first[3] == "conf":
                return first[2], steps[::-1]
    return None


def _statement_of(
    project: Project,
    module: LinkedModule,
    change: Assignment,
    app: App | None,
    steps: list[Expr],
) -> Iterator[Statement]:
    scope, block = change.scope, change.block
    if not steps:
        yield Statement(
            project, app, module, scope, block, "all", change.target, change.span, "", change
        )
        return
    first = steps[0]
    if first[0] == "attr":
        key, span = first[3], attribute_span(first)
    else:
        value = project.values.evaluate(first[3], module, scope)
        if not (isinstance(value, Const) and isinstance(value.constant, str)):
            yield Statement(
                project, app, module, scope, block, "all", change.target, change.span, "", change
            )
            return
        key, span = value.constant, first[3][1]
    kind = "key" if len(steps) == 1 else "inside"
    moved = change._replace(target=_rebase(change.target, first))
    yield Statement(project, app, module, scope, block, kind, change.target, span, key, moved)


def attribute_span(expr: Expr) -> Span:
    """The place of the attribute's name in `x.name`."""
    _, _, row, column = expr[1]
    return (row, column - len(expr[3]), row, column)


def _rebase(target: Expr, base: Expr) -> Expr:
    """`target` with `base` replaced by a bare name."""
    if target is base:
        return ("name", base[1], "")
    return (target[0], target[1], _rebase(target[2], base), *target[3:])


def _may_be_app(
    project: Project,
    module: LinkedModule,
    assignment: Assignment,
    owner: Expr,
    steps: list[Expr],
) -> bool:
    """Whether a write to `<something>.conf` that cannot be followed may configure an app."""
    if steps and steps[0][0] == "attr":
        return table.canonical(steps[0][3], None, legacy=False) is not None
    if steps:
        key = steps[0][3]
        return key[0] == "const" and table.canonical(str(key[2]), None, legacy=False) is not None
    name = owner[2] if owner[0] == "name" else owner[3] if owner[0] == "attr" else ""
    return assignment.op == ".update" and isinstance(name, str) and "celery" in name.lower()


def is_handler(module: LinkedModule, scope: int) -> bool:
    """Whether a function is connected to a signal of an app, by its decorator."""
    for decorator in module.facts.scopes[scope].decorators:
        callee = decorator[2] if decorator[0] == "call" else decorator
        if callee[0] == "attr" and callee[3] == "connect" and callee[2][0] == "attr":
            if callee[2][3] in APP_SIGNALS:
                return True
    return False


class ConfigCall(Subject):
    """A call of `config_from_object` or `config_from_envvar`, `method`, on `app`."""

    __slots__ = ("app", "call", "method")

    def __init__(self, statement: Statement) -> None:
        module = statement.module
        super().__init__(
            statement.project, module, statement.scope, statement.block, statement.span
        )
        self.app = statement.app
        self.method = statement.kind
        self.call = statement.expr

    @classmethod
    def collect(cls, project: Project) -> list[ConfigCall]:
        """Every such call of the project."""
        return [
            ConfigCall(statement)
            for statement in statements(project)
            if statement.kind in ("config_from_object", "config_from_envvar")
        ]


def argument_expr(call: Expr, name: str, place: int) -> Expr | None:
    """The expression given for a parameter by keyword or position; None when there is none."""
    for keyword, value, _ in call[4]:
        if keyword == name:
            found: Expr = value
            return found
    if place < len(call[3]) and all(a[0] != "star" for a in call[3][: place + 1]):
        found = call[3][place]
        return found
    return None


def ends_in(expr: Expr, attribute: str) -> bool:
    """Whether an expression is `<something>.attribute`."""
    return bool(expr[0] == "attr" and expr[3] == attribute)
