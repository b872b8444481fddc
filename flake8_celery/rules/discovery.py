"""How the modules of tasks and apps are found and loaded (CEL312, CEL314)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..facts import Expr, Span
from ..project.apps import App, app_of_expr, unresolved_app_like
from ..project.conf_statements import argument_expr
from ..project.configuration import Configuration
from ..project.dispatch import Dispatch, last_name
from ..project.names import External, LinkedModule, ModuleRef
from ..project.subject import Subject, is_test_path
from ..project.values import Const, Text
from ..rule import CORRECTNESS, SAFE, Edit, Related, Report, Undecided, report, rule
from .edits import text_at

if TYPE_CHECKING:
    from ..project import Project
    from ..rule import Finding
    from ..source import Source


class Discovery(Subject):
    """A call of `autodiscover_tasks` on an app; `packages` is its first argument."""

    __slots__ = ("packages",)

    def __init__(
        self,
        project: Project,
        module: LinkedModule,
        scope: int,
        block: int,
        span: Span,
        packages: Expr,
    ) -> None:
        super().__init__(project, module, scope, block, span)
        self.packages = packages

    @classmethod
    def collect(cls, project: Project) -> list[Discovery]:
        """Every such call that names packages, in the order of modules and rows."""
        found = []
        for module in project.modules:
            for scope, block, call, _ in module.facts.expressions:
                if call[0] != "call" or call[2][0] != "attr" or call[2][3] != "autodiscover_tasks":
                    continue
                packages = argument_expr(call, "packages", 0)
                owner = call[2][2]
                if packages is not None and (
                    app_of_expr(project, module, scope, owner) is not None
                    or unresolved_app_like(project, module, scope, owner)
                ):
                    found.append(cls(project, module, scope, block, call[1], packages))
        return found


@rule(
    Discovery,
    "CEL314",
    "celery-autodiscover-string",
    CORRECTNESS,
    says="`autodiscover_tasks` takes a list of packages: of the text {text!r} it imports each "
    "letter, and the worker stops with ModuleNotFoundError",
)
def autodiscover_string(discovery: Discovery, project: Project) -> Iterator[Report]:
    """`autodiscover_tasks("shop")`, and `autodiscover_tasks(("shop"))` with its comma missing."""
    value = discovery.evaluate(discovery.packages)
    options = value.alternatives()
    # An empty text is as good as no argument: Celery asks Django for its apps.
    texts = [o.constant for o in options if isinstance(o, Const) and isinstance(o.constant, str)]
    if len(texts) < len(options) or not all(texts):
        return
    written = discovery.packages[0] == "const" and texts[0].replace(".", "").isidentifier()
    span = discovery.packages[1]
    yield report(discovery.at(span), text=texts[0], fix=list(span) if written else None)


@autodiscover_string.fix(SAFE, "Make it a list")
def make_list(finding: Finding, source: Source) -> Iterable[Edit]:
    """Puts the literal into brackets."""
    span = finding.fix_data
    yield Edit(span, f"[{text_at(source, span)}]")


STARTERS = ("manage.py", "wsgi.py", "asgi.py")


@rule(
    App,
    "CEL312",
    "celery-django-app-not-imported",
    CORRECTNESS,
    says="no code imports `{module}`, so in Django's processes `{task}` ({place}) has no such app: "
    "it is sent to amqp://localhost. Import the app in the `__init__.py` beside it",
)
def django_app_not_imported(app: App, project: Project) -> Iterator[Report]:
    """A shared task that is sent by views, while only the worker ever loads the app."""
    configuration = app.configuration
    if app.in_test or not configuration.django or not may_be_imported_by_name(app, project):
        return
    if any(other is not app and not other.in_test for other in project.all(App)):
        return
    if any(module.facts.problem for module in project.modules):
        return
    sent = next((d for d in project.all(Dispatch) if is_sent_by_django(d, app)), None)
    if sent is None or sent.task is None or is_imported(app.module, project):
        return
    if not configuration.production_profiles or not needs_the_app(configuration):
        return
    check_imports_by_name(app.module, project)
    yield report(
        configuration.anchor,
        Related(sent.where, "where the task is sent"),
        module=app.module.name,
        task=sent.task.function.facts.name,
        place=sent.where.shown,
    )


def may_be_imported_by_name(app: App, project: Project) -> bool:
    """Whether the app is a project's own, in a package that Django starts from, and every file
    that imports it speaks of Celery, so that it was read."""
    folder, _, file = app.module.path.rpartition("/")
    paths = set(project.paths)
    return (
        "celery" in file
        and f"{folder}/__init__.py" in paths
        and any(path.rpartition("/")[2] in STARTERS for path in paths)
    )


def is_sent_by_django(dispatch: Dispatch, app: App) -> bool:
    """Whether a shared task is sent by code that is neither a task nor beside the app."""
    task = dispatch.task
    return (
        dispatch.publishes
        and task is not None
        and task.shared
        and not dispatch.in_test
        and dispatch.caller is None
        and dispatch.scope != 0
        and dispatch.module is not app.module
        and not is_decorated_like_a_task(dispatch)
    )


def is_decorated_like_a_task(dispatch: Dispatch) -> bool:
    """Whether the function around a call has a decorator with "task" in its name, which another
    package may give."""
    function = dispatch.module.enclosing_function(dispatch.scope)
    decorators = dispatch.module.facts.scopes[function].decorators
    return any("task" in last_name(d[2] if d[0] == "call" else d) for d in decorators)


def is_imported(wanted: LinkedModule, project: Project) -> bool:
    """Whether any module but a test imports a module, or names it in a text."""
    for module in project.modules:
        if module is wanted or is_test_path(module.path):
            continue
        if wanted.name.encode() in project.text_of(module):
            return True
        for imported in module.facts.imports:
            if any(block.typing for block in module.blocks_around(imported.block)):
                continue
            source = project.names.imported_module(imported, module)
            if isinstance(source, ModuleRef) and source.module is wanted:
                return True
            if isinstance(source, (ModuleRef, External)):
                package = source.module.name if isinstance(source, ModuleRef) else source.name
                if project.find(f"{package}.{imported.attribute}", module) is wanted:
                    return True
    return False


def check_imports_by_name(wanted: LinkedModule, project: Project) -> None:
    """Raises Undecided where any file but a test imports modules by names, which may be computed:
    such a file need not speak of Celery."""
    for path in project.paths:
        if path != wanted.path and not is_test_path(path):
            text = project.text_at(path)
            if b"import_module" in text or b"__import__" in text:
                raise Undecided(f"which modules {path} imports by name")


def needs_the_app(configuration: Configuration) -> bool:
    """Whether the broker is written down, other than the one that Celery takes by itself.

    One from the environment may reach the default app as well: it reads `CELERY_BROKER_URL`."""
    value = configuration.get("broker_url")
    if value is None:
        return False
    urls = [
        o.constant if isinstance(o, Const) else o.head
        for o in value.alternatives()
        if isinstance(o, (Const, Text))
    ]
    return len(urls) == len(value.alternatives()) and all(
        isinstance(url, str) and "://" in url and not ("amqp" in url and "localhost" in url)
        for url in urls
    )
