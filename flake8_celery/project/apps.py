"""Celery apps: every `Celery(...)` call of the project, and which of them a name stands for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..facts import Expr, Span
from .names import (
    IMPORTERS,
    LONGEST_CHAIN,
    Definition,
    External,
    LinkedModule,
    Nothing,
    ParameterRef,
    Target,
    Variable,
)
from .subject import Subject
from .values import Const, Ref, Typed, Value

if TYPE_CHECKING:
    from . import Project
    from .configuration import Configuration

CELERY = "celery.Celery"
# Celery's own ways to say "the app that is current".
CURRENT_APPS = frozenset(
    """celery.current_app celery.app.current_app celery._state.default_app celery.default_app
    celery.app.default_app""".split()
)
CURRENT_APP_CALLS = frozenset(
    """celery.app.app_or_default celery.app.default_app celery._state.get_current_app
    celery._state.app_or_default""".split()
)
# Signals of an app whose handlers get the app as their first argument, `sender`
# (`celery/app/base.py`: `_load_config`, `finalize`).
APP_SIGNALS = frozenset(
    "on_configure on_after_configure on_after_finalize on_after_fork on_init".split()
)
#: The order of `Celery.__init__`'s parameters (`celery/app/base.py`).
PARAMETERS = (
    "main loader backend amqp events log control set_as_current tasks broker include changes "
    "config_source fixups task_cls autofinalize namespace strict_typing"
).split()


class App(Subject):
    """One call of `Celery` or of a subclass of the project.

    `call` is the call, `cls` what is called: `External("celery.Celery")` or the subclass.
    `chosen` says that a setting or the environment names the class, `cls` by default."""

    __slots__ = ("_arguments", "_configuration", "call", "chosen", "cls")

    def __init__(
        self,
        project: Project,
        module: LinkedModule,
        scope: int,
        block: int,
        call: Expr,
        cls: Target,
        chosen: bool,
    ) -> None:
        super().__init__(project, module, scope, block, call[1])
        self.call = call
        self.cls = cls
        self.chosen = chosen
        self._arguments: tuple[list[Value], dict[str, Value], bool] | None = None
        self._configuration: Configuration | None = None

    def __repr__(self) -> str:
        return f"App({self.where.shown})"

    @classmethod
    def collect(cls, project: Project) -> list[App]:
        """Every app, in the order of modules and rows."""
        names = project.other_names("Celery") | project.other_names(*IMPORTERS) - IMPORTERS
        found: dict[tuple[str, int, int], App] = {}
        for module in project.modules:
            calls = [(e.scope, e.block, e.expr) for e in module.facts.expressions]
            if len(names) > 1:
                calls += [(a.scope, a.block, a.value) for a in module.facts.assignments]
                calls += [
                    (number, 0, returned)
                    for number, scope in enumerate(module.facts.scopes)
                    for returned in scope.returns
                ]
            for scope, block, expr in calls:
                if expr[0] != "call" or expr[2][0] not in ("name", "attr"):
                    continue
                if expr[2][-1] not in names:
                    continue
                made = _made_by(project, module, scope, expr)
                if made is not None:
                    place = (module.path, expr[1][0], expr[1][1])
                    found.setdefault(place, App(project, module, scope, block, expr, *made))
        return [found[place] for place in sorted(found)]

    @property
    def arguments(self) -> tuple[list[Value], dict[str, Value], bool]:
        """Positional arguments, keyword arguments, and whether some of them are not known."""
        if self._arguments is None:
            values = self.project.values
            self._arguments = values.arguments(self.call, self.module, self.scope)
        return self._arguments

    def argument(self, name: str) -> Value | None:
        """The value given for a parameter of `Celery`, by position or keyword; None: not given."""
        args, kwargs, _ = self.arguments
        place = PARAMETERS.index(name)
        return kwargs.get(name, args[place] if place < len(args) else None)

    @property
    def main(self) -> str | None:
        """The app's name, `Celery("name")`; None when there is none or it is not known."""
        value = self.argument("main")
        if isinstance(value, Const) and isinstance(value.constant, str):
            return value.constant
        return None

    @property
    def plain(self) -> bool:
        """Whether tasks of the app are surely plain `celery.Task`s: `Celery` itself was called,
        without `task_cls`."""
        _, _, starred = self.arguments
        known = isinstance(self.cls, External) and not self.chosen and not starred
        return known and self.argument("task_cls") is None

    @property
    def configuration(self) -> Configuration:
        """What the app is configured with."""
        if self._configuration is None:
            from .configuration import Configuration

            self._configuration = Configuration(self)
        return self._configuration


def is_celery_class(project: Project, target: Target) -> bool:
    """Whether a resolved name is `celery.Celery` or a class of the project derived from it."""
    if isinstance(target, External):
        return target.name == CELERY
    if isinstance(target, Definition) and target.facts.kind == "class":
        return External(CELERY) in project.names.bases(target)
    return False


def app_of(project: Project, target: Target) -> App | None:
    """The app that a resolved name stands for, or None when it is none or not known.

    Understood are a variable or class attribute that holds an app or what a factory returns, the
    `sender` of a handler of the app's own signals, a parameter or variable annotated as `Celery`,
    and `celery.current_app`; the last two when the project has one app."""
    return _Search(project).of_target(target)


def app_of_expr(project: Project, module: LinkedModule, scope: int, expr: Expr) -> App | None:
    """The app that an expression gives where it stands, or None when that is not known."""
    return _Search(project).of_expr(module, scope, expr)


def default_app(project: Project) -> App | None:
    """The app that `@shared_task` and `celery.current_app` mean: the only one outside of tests,
    else None."""
    apps = project.all(App)
    production = [app for app in apps if not app.in_test]
    if len(production) == 1:
        return production[0]
    return apps[0] if len(apps) == 1 else None


def unresolved_app_like(project: Project, module: LinkedModule, scope: int, expr: Expr) -> bool:
    """Whether a name that cannot be followed to an app probably is one: it is imported from a
    module that is named as apps are, or the module it stands in imports Celery, and its own name
    says Celery or `app`."""
    if app_of_expr(project, module, scope, expr) is not None:
        return False
    target = project.names.resolve(expr, module, scope)
    if isinstance(target, External):
        parts = target.name.split(".")
        if parts[0] in ("celery", "kombu"):
            return False
        return any(part in APP_MODULES for part in parts[-2:])
    if isinstance(target, Definition):
        return False
    name = expr[2] if expr[0] == "name" else expr[3] if expr[0] == "attr" else ""
    return name in APP_NAMES and any(
        i.loaded.partition(".")[0] == "celery" or i.loaded.rpartition(".")[2] in APP_MODULES
        for i in module.facts.imports
    )


APP_MODULES = frozenset({"celery", "celery_app", "celeryapp", "celery_worker"})
APP_NAMES = frozenset("app celery celery_app capp current_app celeryapp worker queue".split())


class _Search:
    """One search for the app behind a name; `under_way` keeps it from running in circles."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.under_way: set[tuple[str, int, int, int]] = set()

    def of_target(self, target: Target) -> App | None:
        if isinstance(target, Variable):
            return self.of_variable(target)
        if isinstance(target, ParameterRef):
            return self.of_parameter(target)
        if isinstance(target, External) and target.name in CURRENT_APPS:
            return default_app(self.project)
        return None

    def of_variable(self, variable: Variable) -> App | None:
        given = [a for a in variable.assignments if a.op == "=" and a.target[0] == "name"]
        values = [a.value for a in given if a.value[0] != "const" or a.value[2] is not None]
        found = self.one_of(variable.module, variable.scope, values)
        if found is not None:
            return found
        for assignment in given:
            if assignment.annotation is not None:
                return self.of_annotation(assignment.annotation, variable.module, variable.scope)
        return None

    def of_parameter(self, parameter: ParameterRef) -> App | None:
        facts = parameter.module.facts.scopes[parameter.scope]
        if facts.parameters and facts.parameters[0].name == parameter.name:
            for decorator in facts.decorators:
                callee = decorator[2] if decorator[0] == "call" else decorator
                if (
                    callee[0] == "attr"
                    and callee[3] == "connect"
                    and callee[2][0] == "attr"
                    and callee[2][3] in APP_SIGNALS
                ):
                    return self.of_expr(parameter.module, facts.parent, callee[2][2])
            owner = Definition(parameter.module, facts.parent)
            if owner.facts.kind == "class" and is_celery_class(self.project, owner):
                return self.of_self(owner)
        for given in facts.parameters:
            if given.name == parameter.name and given.annotation is not None:
                return self.of_annotation(given.annotation, parameter.module, facts.parent)
        return None

    def of_self(self, cls: Definition) -> App | None:
        """The app that `self` is in a method of a subclass of Celery, when it has one."""
        apps = [
            app
            for app in self.project.all(App)
            if isinstance(app.cls, Definition) and cls in self.project.names.bases(app.cls)
        ]
        return apps[0] if len(apps) == 1 else None

    def of_annotation(self, annotation: Expr, module: LinkedModule, scope: int) -> App | None:
        target = self.project.names.resolve(annotation, module, scope)
        return default_app(self.project) if is_celery_class(self.project, target) else None

    def one_of(self, module: LinkedModule, scope: int, exprs: Iterable[Expr]) -> App | None:
        """The app that all of the expressions give."""
        found: App | None = None
        for expr in exprs:
            app = self.of_expr(module, scope, expr)
            if app is None or (found is not None and app is not found):
                return None
            found = app
        return found

    def of_expr(self, module: LinkedModule, scope: int, expr: Expr) -> App | None:
        key = (module.path, scope, expr[1][0], expr[1][1])
        if key in self.under_way or len(self.under_way) > LONGEST_CHAIN:
            return None
        self.under_way.add(key)
        try:
            kind = expr[0]
            if kind == "call":
                return self.of_call(module, scope, expr)
            if kind in ("name", "attr"):
                return self.of_name(module, scope, expr)
            if kind == "bool":
                return self.one_of(module, scope, expr[3])
            if kind == "if":
                return self.one_of(module, scope, expr[3:5])
            if kind == "sub" and _is_flask_extension(expr):
                return default_app(self.project)
            return None
        finally:
            self.under_way.discard(key)

    def of_name(self, module: LinkedModule, scope: int, expr: Expr) -> App | None:
        target = self.project.names.resolve(expr, module, scope)
        if not isinstance(target, Nothing) or expr[0] != "attr":
            return self.of_target(target)
        # An attribute of an object: of an app's signal, of an instance of a class.
        owner = self.project.names.resolve(expr[2], module, scope)
        if isinstance(owner, Variable):
            made = self.project.values.value_of_variable(owner)
            callee = getattr(made, "callee", None)
            if isinstance(callee, Definition):
                return self.of_target(self.project.names.class_attribute(callee, expr[3]))
        return None

    def of_call(self, module: LinkedModule, scope: int, call: Expr) -> App | None:
        for app in self.project.all(App):
            if app.module is module and tuple(app.span) == tuple(call[1]):
                return app
        target = self.project.names.resolve(call[2], module, scope)
        if isinstance(target, External) and target.name in CURRENT_APP_CALLS:
            return default_app(self.project)
        if isinstance(target, External) and target.name == f"{CELERY}.get_current_app":
            return default_app(self.project)
        if isinstance(target, Definition) and target.facts.kind == "function":
            returns = target.facts.returns
            return self.one_of(target.module, target.scope, returns) if returns else None
        return None


def _is_flask_extension(expr: Expr) -> bool:
    """`app.extensions["celery"]`, where Flask's documentation tells to keep the app."""
    base, key = expr[2], expr[3]
    return bool(
        base[0] == "attr" and base[3] == "extensions" and key[0] == "const" and key[2] == "celery"
    )


def _made_by(
    project: Project, module: LinkedModule, scope: int, call: Expr
) -> tuple[Target, bool] | None:
    """The Celery class that a call makes an app of, and whether it is only so by default; None
    for other calls."""
    target = project.names.resolve(call[2], module, scope)
    chosen = False
    if isinstance(target, Variable):
        value = project.values.value_of_variable(target)
        chosen = isinstance(value, Typed)
        if isinstance(value, Typed) and value.default is not None:
            value = value.default
        if isinstance(value, Ref):
            target = value.target
    return (target, chosen) if is_celery_class(project, target) else None


def key_span(keyword: str, span: Span) -> Span:
    """Where the name stands in `name=value`."""
    return (span[0], span[1], span[0], span[1] + len(keyword))
