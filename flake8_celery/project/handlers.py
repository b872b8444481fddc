"""Signal handlers: functions that are connected to a signal of Celery or of an app."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..celery.signals import APP_SIGNALS, SIGNALS
from ..facts import Expr, Parameter
from ..rule import Where
from .apps import app_of_expr, unresolved_app_like
from .names import Definition, External, LinkedModule
from .subject import Subject

if TYPE_CHECKING:
    from . import Project

DJANGO_RECEIVER = "django.dispatch.receiver"
# `connect` understands these as well (`celery/utils/dispatch/signal.py`).
CONNECT_OPTIONS = frozenset({"sender", "weak", "dispatch_uid", "retry"})


class SignalHandler(Subject):
    """One connection of a function or lambda to one signal; it stands at the function's name.

    `signal` is the signal's name ("task_failure", "on_after_configure"), `function` what is
    connected, `connected` the place of the decorator or call that does it, and `connection` that
    call or bare decorator.  `direct` says that the signal calls the function itself, and not what
    some other decorator made of it."""

    __slots__ = ("connected", "connection", "direct", "function", "signal")

    def __init__(
        self,
        function: Definition,
        signal: str,
        connected: Where,
        connection: Expr,
        project: Project,
    ) -> None:
        facts = function.facts
        super().__init__(project, function.module, facts.parent, facts.block, facts.span)
        self.function = function
        self.signal = signal
        self.connected = connected
        self.connection = connection
        others = [d for d in facts.decorators if not _connects(d)]
        owner = function.module.facts.scopes[facts.parent].kind
        self.direct = not others and owner != "class"

    def __repr__(self) -> str:
        return f"SignalHandler({self.signal!r}, {self.where.shown})"

    @property
    def parameters(self) -> Sequence[Parameter]:
        """The function's parameters, in order."""
        return self.function.facts.parameters

    @property
    def sent(self) -> frozenset[str] | None:
        """The keyword arguments that the signal is sent with, besides `signal` and `sender`;
        None for a signal that is not known."""
        return APP_SIGNALS.get(self.signal, SIGNALS.get(self.signal))

    def option(self, name: str) -> Expr | None:
        """An option of `connect` (`weak`, `retry`, `sender`, `dispatch_uid`) as written."""
        if self.connection[0] == "call":
            for keyword, value, _ in self.connection[4]:
                if keyword == name:
                    return value  # type: ignore[no-any-return]
        return None

    @classmethod
    def collect(cls, project: Project) -> list[SignalHandler]:
        """Every connection that can be followed to a function, by the place of the function."""
        found: list[SignalHandler] = []
        for module in project.modules:
            found += _decorated(project, module)
            found += _connected_by_call(project, module)
        return sorted(found, key=_place)


def _place(handler: SignalHandler) -> tuple[str, int, int, str]:
    return (handler.module.path, handler.span[0], handler.span[1], handler.signal)


def _connects(decorator: Expr) -> bool:
    """Whether a decorator connects the function and gives it back unchanged."""
    callee = decorator[2] if decorator[0] == "call" else decorator
    if callee[0] == "attr":
        return bool(callee[3] in ("connect", "receiver"))
    return bool(callee[0] == "name" and callee[2] == "receiver")


def _decorated(project: Project, module: LinkedModule) -> Iterator[SignalHandler]:
    for number, scope in enumerate(module.facts.scopes):
        for decorator in scope.decorators:
            if scope.kind != "function" or not _connects(decorator):
                continue
            for signal in _signals_of_decorator(project, module, scope.parent, decorator):
                function = Definition(module, number)
                where = Where(module, decorator[1])
                yield SignalHandler(function, signal, where, decorator, project)


def _signals_of_decorator(
    project: Project, module: LinkedModule, scope: int, decorator: Expr
) -> Iterator[str]:
    callee = decorator[2] if decorator[0] == "call" else decorator
    if callee[0] == "attr" and callee[3] == "connect":
        signal = signal_of(project, module, scope, callee[2])
        if signal is not None:
            yield signal
        return
    if decorator[0] != "call" or not decorator[3]:
        return
    if project.names.resolve(callee, module, scope) != External(DJANGO_RECEIVER):
        return
    # Django's decorator calls `connect` of whatever signals it is given.
    first = decorator[3][0]
    for expr in first[2] if first[0] in ("list", "tuple") else [first]:
        signal = signal_of(project, module, scope, expr)
        if signal is not None:
            yield signal


def _connected_by_call(project: Project, module: LinkedModule) -> Iterator[SignalHandler]:
    for fact in module.facts.expressions:
        call = fact.expr
        if call[0] != "call" or call[2][0] != "attr" or call[2][3] != "connect" or not call[3]:
            continue
        signal = signal_of(project, module, fact.scope, call[2][2])
        if signal is None:
            continue
        function = _function_of(project, module, fact.scope, call[3][0])
        if function is not None:
            yield SignalHandler(function, signal, Where(module, call[1]), call, project)


def _function_of(
    project: Project, module: LinkedModule, scope: int, expr: Expr
) -> Definition | None:
    if expr[0] == "lambda":
        return Definition(module, expr[2])
    target = project.names.resolve(expr, module, scope)
    if isinstance(target, Definition) and target.facts.kind == "function":
        return target
    return None


def signal_of(project: Project, module: LinkedModule, scope: int, expr: Expr) -> str | None:
    """The name of the signal that an expression stands for, or None when it is none of Celery's.

    `celery.signals.task_failure` is "task_failure", `app.on_after_configure` is
    "on_after_configure" where `app` is an app, or where only its name can say so."""
    target = project.names.resolve(expr, module, scope)
    if isinstance(target, External) and target.name.startswith("celery.signals."):
        return target.name.removeprefix("celery.signals.")
    if expr[0] == "attr" and expr[3] in APP_SIGNALS:
        app = expr[2]
        if app_of_expr(project, module, scope, app) is not None or unresolved_app_like(
            project, module, scope, app
        ):
            return str(expr[3])
    return None
