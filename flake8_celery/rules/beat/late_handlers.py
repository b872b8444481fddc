"""Handlers of `on_after_configure` that are connected when the signal has long been sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ...facts import Expr
from ...project.apps import App, app_of_expr
from ...project.configuration import statements
from ...project.django import django_setting
from ...project.handlers import SignalHandler
from ...project.imports import loaded_by
from ...project.names import LinkedModule
from ...project.subject import is_test_path
from ...project.values import Const, Items, Value
from ...rule import CORRECTNESS, UNSAFE, Edit, Finding, Related, Report, Undecided, report, rule
from ..edits import text_at

if TYPE_CHECKING:
    from ...project import Project
    from ...source import Source

SIGNAL = "on_after_configure"
MOST_MODULES = 3000


@rule(
    SignalHandler,
    "CEL532",
    "celery-configure-handler-too-late",
    CORRECTNESS,
    says="This handler never runs: {why}; connect it to `on_after_finalize`",
)
def configure_handler_too_late(handler: SignalHandler, project: Project) -> Iterator[Report]:
    """The signal is sent once, when the configuration is loaded (`celery/app/base.py`:
    `_load_config`).  A worker or beat does that before it imports the modules of tasks."""
    if handler.signal != SIGNAL or handler.in_test or scope_of_connection(handler) != 0:
        return
    app = app_of_handler(handler)
    if app is None:
        return
    fix = handler.connected.span if "source" not in {p.name for p in handler.parameters} else None
    for statement in statements(project):
        if (
            statement.kind == "read"
            and statement.app is app
            and statement.module is handler.module
            and statement.scope == statement.block == 0
            and statement.span[0] < handler.connected.span[0]
        ):
            why = f"line {statement.span[0]} reads the configuration, which sends the signal"
            related = Related(statement.where, "the configuration is loaded here")
            yield report(handler.connected, related, why=why, fix=fix)
            return
    if handler.module is app.module:
        return
    found = list(found_modules(app))
    paths = {module.path for module in found}
    if handler.module.path in paths and handler.module.path not in loaded_early(app, paths):
        why = (
            "workers and beat load the configuration, which sends the signal, before they import "
            "this module"
        )
        yield report(handler.connected, Related(app.where, "the app"), why=why, fix=fix)


def scope_of_connection(handler: SignalHandler) -> int | None:
    """The scope in which the connection is made."""
    if handler.connection in handler.function.facts.decorators:
        parent: int = handler.function.facts.parent
        return parent
    for expression in handler.connected.module.facts.expressions:
        if expression.expr is handler.connection:
            scope: int = expression.scope
            return scope
    return None


def app_of_handler(handler: SignalHandler) -> App | None:
    """The app whose signal a handler is connected to, if it is known."""
    connection = handler.connection
    callee = connection[2] if connection[0] == "call" else connection
    if callee[0] != "attr" or callee[2][0] != "attr":
        return None
    return app_of_expr(handler.project, handler.connected.module, 0, callee[2][2])


def found_modules(app: App) -> Iterator[LinkedModule]:
    """The modules that a worker imports by itself: `include`, `imports`, `autodiscover_tasks`.
    Raises Undecided when some are imported at once."""
    project = app.project
    for name in ("include", "imports"):
        try:
            value = app.configuration.get(name)
        except Undecided:
            # What is not known cannot make a module less surely found.
            continue
        for dotted in texts(value):
            module = project.find(dotted, app.module)
            if module is not None:
                yield module
    for module in project.modules:
        for expression in module.facts.expressions:
            call = expression.expr
            if call[0] != "call" or call[2][0] != "attr" or call[2][3] != "autodiscover_tasks":
                continue
            if app_of_expr(project, module, expression.scope, call[2][2]) is not app:
                continue
            yield from _discovered(app, module, expression.scope, call)


def _discovered(app: App, module: LinkedModule, scope: int, call: Expr) -> Iterator[LinkedModule]:
    project = app.project
    named = {keyword: value for keyword, value, _ in call[4]}
    if "force" in named or None in named or len(call[3]) > 2:
        raise Undecided(f"modules that are imported at once by {module.path}")
    packages = call[3][0] if call[3] else named.get("packages")
    related = call[3][1] if len(call[3]) > 1 else named.get("related_name")
    last = "tasks" if related is None else project.values.evaluate(related, module, scope).value
    if packages is None or packages[0] == "lambda":
        names = texts(django_setting(project, "INSTALLED_APPS", app.where))
    else:
        names = texts(project.values.evaluate(packages, module, scope))
    for name in names:
        for package in (name, name.partition(".apps.")[0]):
            found = project.find(f"{package}.{last}" if last else package, app.module)
            if found is not None:
                yield found


def texts(value: Value | None) -> list[str]:
    """The texts of a list, as far as they are known."""
    items = value.items if isinstance(value, Items) else [value] if value is not None else []
    return [
        item.constant
        for item in items
        if isinstance(item, Const) and isinstance(item.constant, str)
    ]


def loaded_early(app: App, found: set[str]) -> set[str]:
    """The paths of the modules that may be imported before the configuration is loaded: with the
    app's own module, or with one that `celery -A` may be given because it holds the app."""
    project = app.project
    pending = [(app.module, True)]
    pending += [(module, False) for module in _holders(app) if module.path not in found]
    seen: set[str] = set()
    while pending:
        module, all_scopes = pending.pop()
        if module.path in seen:
            continue
        seen.add(module.path)
        if len(seen) > MOST_MODULES:
            raise Undecided("which modules are imported with the app")
        for name in module.facts.imports:
            if all_scopes or not name.scope:
                pending += [(other, False) for other in loaded_by(project, name, module)]
    return seen


def _holders(app: App) -> Iterator[LinkedModule]:
    """The modules that import the app: those that speak of Celery, and all in the folders that
    commands are given from."""
    project = app.project
    folder = app.module.path.rpartition("/")[0]
    near = [path for path in project.paths if f"{folder}/".startswith(_folder(path))]
    modules = {module.path: module for module in project.modules}
    for path in near[:MOST_MODULES]:
        module = project.module_at(path)
        if module is not None:
            modules[path] = module
    for path, module in modules.items():
        if is_test_path(path):
            continue
        for name in module.facts.imports:
            if not name.scope and name.attribute not in ("", "*"):
                if project.app_of(project.names.imported(name, module)) is app:
                    yield module
                    break


def _folder(path: str) -> str:
    folder, slash, _ = path.rpartition("/")
    return folder + slash


@configure_handler_too_late.fix(UNSAFE, "Connect it to `on_after_finalize`")
def connect_to_finalize(finding: Finding, source: Source) -> Iterable[Edit]:
    span = finding.fix_data
    text = text_at(source, span)
    if text.count(SIGNAL) == 1:
        yield Edit(span, text.replace(SIGNAL, "on_after_finalize"))
