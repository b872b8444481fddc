"""CEL050-089: how tasks are defined and named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..celery.options import (
    CALL_OPTIONS_ON_DECORATOR,
    CONFUSABLE,
    PLUGIN_OPTIONS,
    TASK_OPTIONS,
)
from ..celery.words import nearest
from ..extract.observe import Site, observe
from ..facts import Expr, Span
from ..project import Project
from ..project.dispatch import Dispatch
from ..project.names import Definition, External, Nothing
from ..project.retries import read_by_unknown_name
from ..project.signature import Signature
from ..project.subject import Subject
from ..project.tasks import (
    Task,
    class_chain,
    index_of,
    is_task_class,
    registry_closed,
    task_classes,
)
from ..project.values import Const, Made, Ref
from ..project.wrappers import Closure
from ..rule import (
    CORRECTNESS,
    SAFE,
    UNSAFE,
    Edit,
    Finding,
    Related,
    Report,
    Undecided,
    Where,
    report,
    rule,
)
from ..source import Source

if TYPE_CHECKING:
    import ast

SHORTEST_GUESS = 6
#: Packages that make Celery await coroutines.
AWAITING_PACKAGES = ("celery_aio_pool", "celery_pool_asyncio", "aio_celery", "celery_aio")
#: Decorators that give back a new function, so that above a task's decorator they leave a
#: function without `.delay` under the task's name.  What Celery runs is the task below them.
REPLACING = {
    "asgiref.sync.async_to_sync": "runs it in an event loop",
    "asgiref.sync.sync_to_async": "runs it in a thread",
    "backoff.on_exception": "retries",
    "backoff.on_predicate": "retries",
    "cachetools.cached": "caches",
    "contextlib.contextmanager": "makes a context manager",
    "django.contrib.auth.decorators.login_required": "checks the login",
    "django.contrib.auth.decorators.permission_required": "checks a permission",
    "django.db.transaction.atomic": "opens a transaction",
    "django.test.override_settings": "overrides settings",
    "django.test.utils.override_settings": "overrides settings",
    "django.views.decorators.csrf.csrf_exempt": "marks a view",
    "functools.cache": "caches",
    "functools.lru_cache": "caches",
    "functools.singledispatch": "dispatches on a type",
    "sentry_sdk.trace": "traces",
    "tenacity.retry": "retries",
}
#: Names for the parameter that gets the task.
SELF_NAMES = frozenset(
    "self task cls this _ _self self_ celery_task bound_task task_self celery_self".split()
)
USES = frozenset("delay apply_async s si signature".split())


# CEL050, CEL051


def own_options(task: Task) -> Iterator[tuple[str, Where]]:
    """The keywords of the task's own decorator, when only Celery can read them."""
    if not task.plain or "base" in task.options or task.class_based:
        return
    for name in task.options:
        where = task.option_where(name)
        if where != task.where:
            yield name, where


def is_read(project: Project, name: str) -> bool:
    """Whether some code may read a task's attribute of that name: `.name`, not of a request or
    of settings, or `getattr(..., "name")`."""
    import re

    read = re.compile(
        rf"(?<!request)(?<!requests)(?<!settings)(?<!options)\.{name}\b(?!\s*\()"
        rf"|attr\([^\n]*['\"]{name}['\"]"
    )
    return any(read.search(text) for text in project.texts())


@rule(
    Task,
    "CEL050",
    "celery-unknown-task-option",
    CORRECTNESS,
    says="`{option}` is not a task option: it becomes an attribute that nothing reads{meant}",
)
def unknown_task_option(task: Task, project: Project) -> Iterator[Report]:
    """Options that look like one of Celery's, on plain tasks."""
    for name, where in own_options(task):
        if name in TASK_OPTIONS or name in CALL_OPTIONS_ON_DECORATOR or name in PLUGIN_OPTIONS:
            continue
        right = CONFUSABLE.get(name)
        if right is None and len(name) >= SHORTEST_GUESS:
            candidates = [option for option in TASK_OPTIONS if len(option) >= SHORTEST_GUESS]
            right = nearest(name, candidates, 2)
        if right is None or is_read(project, name) or read_by_unknown_name(project, task):
            continue
        renamed = name in CONFUSABLE and right not in task.options
        yield report(
            where,
            option=name,
            meant=f", did you mean `{right}`?",
            fix={"name": name, "right": right} if renamed else None,
        )


@unknown_task_option.fix(UNSAFE, "Use the option's real name")
def rename_option(finding: Finding, source: Source) -> Iterable[Edit]:
    """`max_retry=` to `max_retries=`."""
    row, column = finding.span[0], finding.span[1]
    data = dict(finding.fix_data)
    yield Edit((row, column, row, column + len(data["name"])), data["right"])


@rule(
    Task,
    "CEL051",
    "celery-call-option-on-decorator",
    CORRECTNESS,
    says="`{option}` has no effect on a task's decorator: it is an option of `apply_async`",
)
def call_option_on_decorator(task: Task, project: Project) -> Iterator[Report]:
    """Options that only a call takes, on plain tasks."""
    for name, where in own_options(task):
        if name not in CALL_OPTIONS_ON_DECORATOR or is_read(project, name):
            continue
        if not read_by_unknown_name(project, task):
            yield report(where, option=name, fix={"name": name})


@call_option_on_decorator.fix(UNSAFE, "Delete the option")
def delete_option(finding: Finding, source: Source) -> Iterable[Edit]:
    """Takes the keyword out, with the comma that belongs to it."""
    row, column, end_row, end_column = finding.span
    start, end = source.offset(row, column), source.offset(end_row, end_column)
    text = source.text
    after = end
    while after < len(text) and text[after].isspace():
        after += 1
    if text[after : after + 1] == ",":
        after += 1
        while text[after : after + 1] in (" ", "\t"):
            after += 1
        last = text[after : after + 1] in ("\n", "\r")
        if last and text[:start].rpartition("\n")[2].strip() == "":
            # The keyword has its line to itself.
            yield Edit((row, 1, *position(source, after + 1)), "")
        else:
            yield Edit((row, column, *position(source, after)), "")
        return
    before = start
    while before and text[before - 1].isspace():
        before -= 1
    if text[before - 1 : before] == ",":
        before -= 1
    yield Edit((*position(source, before), *position(source, end)), "")


def position(source: Source, offset: int) -> tuple[int, int]:
    """The row and column of an index into the text."""
    before = source.text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


# CEL057


class NamedTwice(Subject):
    """A task whose name an earlier task of the project has already, and that one."""

    __slots__ = ("first", "second")

    def __init__(self, first: Task, second: Task) -> None:
        super().__init__(second.project, second.module, second.scope, second.block, second.span)
        self.first = first
        self.second = second

    @classmethod
    def collect(cls, project: Project) -> list[NamedTwice]:
        """One for each task but the first of a name."""
        found = []
        for tasks in index_of(project).named().values():
            for place, task in enumerate(tasks):
                first = next((t for t in tasks[:place] if collide(t, task)), None)
                if first is not None:
                    found.append(cls(first, task))
        return found


def collide(first: Task, second: Task) -> bool:
    """Whether two tasks of one name surely meet in one registry."""
    if first.in_test or second.in_test or first.function == second.function:
        return False
    if not same_registry(first, second) or not (at_top(first) and at_top(second)):
        return False
    if first.module is not second.module and first.auto_named and second.auto_named:
        # Two files of one dotted name: two programs in one folder, of which one is loaded.
        return False
    return is_certain(first) and is_certain(second)


def same_registry(first: Task, second: Task) -> bool:
    """Whether both tasks go to the same app."""
    if first.shared and second.shared:
        return True
    return first.apps == second.apps and bool(first.apps)


def at_top(task: Task) -> bool:
    """Whether a task is defined when its module is imported, not in a function."""
    scopes = task.function.module.facts.scopes
    scope = task.function.facts.parent
    while scope > 0:
        if scopes[scope].kind != "class":
            return False
        scope = scopes[scope].parent
    return True


def is_certain(task: Task) -> bool:
    """Whether no branch decides if the task is defined."""
    around = list(task.module.blocks_around(task.block))
    around += task.function.module.blocks_around(task.function.facts.block)
    return all(block.kind == "with" for block in around)


@rule(
    NamedTwice,
    "CEL057",
    "celery-duplicate-task-name",
    CORRECTNESS,
    says="the task at {first} has the name `{name}`, too: one of the two never runs",
)
def duplicate_task_name(twice: NamedTwice, project: Project) -> Iterator[Report]:
    """Reports on the later one."""
    yield report(
        twice.where,
        Related(twice.first.where, "has the same name"),
        name=twice.second.name,
        first=twice.first.where.shown,
    )


# CEL061


@rule(
    Task,
    "CEL061",
    "celery-decorator-above-task",
    CORRECTNESS,
    says="`@{decorator}` above the task's decorator leaves a plain function without `.delay`, and "
    "the worker runs `{task}` without it: put it below",
)
def decorator_above_task(task: Task, project: Project) -> Iterator[Report]:
    """Decorators that give back another function."""
    above = task.decorators_above()
    for place, decorator in enumerate(above):
        name = replacing(task, decorator)
        if name is not None and task.decorator is not None:
            adjacent = place == len(above) - 1
            yield report(
                task.at(decorator[1]),
                decorator=name,
                task=task.shown,
                fix=[list(decorator[1]), list(task.decorator[1])] if adjacent else None,
            )


def replacing(task: Task, decorator: Expr) -> str | None:
    """The name of a decorator that gives back another function, or None."""
    callee = decorator[2] if decorator[0] == "call" else decorator
    scope = task.function.facts.parent
    target = task.project.names.resolve(callee, task.module, scope)
    if isinstance(target, External):
        return written_name(callee) if target.name in REPLACING else None
    effect = index_of(task.project).decorators.effect(decorator, task.module, scope)
    if isinstance(effect, Closure) and is_plain_function(effect.definition):
        return written_name(callee) if is_dispatched(task) else None
    return None


def is_plain_function(made: Definition) -> bool:
    """Whether a decorator's inner function is given back as it is, without attributes like
    `inner.delay = task.delay`."""
    facts = made.facts
    return facts.kind == "function" and not made.module.changes(facts.parent, facts.name)


def is_dispatched(task: Task) -> bool:
    """Whether the project calls `.delay`, `.apply_async`, `.s`... on the task's function."""
    for module in task.project.modules:
        for expression in module.facts.expressions:
            call = expression.expr
            if call[0] != "call" or call[2][0] != "attr" or call[2][3] not in USES:
                continue
            target = task.project.names.resolve(call[2][2], module, expression.scope)
            if target == task.function:
                return True
    return False


def written_name(expr: Expr) -> str:
    """A name or attribute chain as it is written."""
    if expr[0] == "attr":
        return f"{written_name(expr[2])}.{expr[3]}"
    return str(expr[2]) if expr[0] == "name" else "..."


@decorator_above_task.fix(UNSAFE, "Swap the decorators")
def swap_decorators(finding: Finding, source: Source) -> Iterable[Edit]:
    """Each decorator takes the other's place."""
    above, below = finding.fix_data
    yield Edit(above, text_at(source, below))
    yield Edit(below, text_at(source, above))


def text_at(source: Source, span: Span) -> str:
    """The text of a span."""
    return source.text[source.offset(span[0], span[1]) : source.offset(span[2], span[3])]


# CEL065, CEL066


def runs_as_written(task: Task, project: Project) -> bool:
    """Whether Celery calls the function itself, with nothing around it that could await it or
    exhaust it.  Raises Undecided."""
    if task.replaced or task.open or task.wrapped:
        return False
    if not all(task.keeps_parameters(decorator) for decorator in task.decorators_below()):
        return False
    if not task.apps and not task.shared:
        return False
    for start in task.bases:
        for cls in class_chain(project, start):
            if isinstance(cls, Definition):
                if cls.module.bindings(cls.scope, "__call__"):
                    return False
                if cls != task.owner and cls.module.bindings(cls.scope, "run"):
                    return False
            elif not (isinstance(cls, External) and cls.name in KNOWN_BASES):
                return False
    return True


KNOWN_BASES = frozenset({"celery.Task", "celery.contrib.django.task.DjangoTask", "builtins.object"})


@rule(
    Task,
    "CEL065",
    "celery-async-task",
    CORRECTNESS,
    says="Celery does not await `async def {task}`: the body never runs, and the result is a "
    "coroutine that cannot be encoded",
)
def async_task(task: Task, project: Project) -> Iterator[Report]:
    """`async def` where neither a base class nor the pool awaits."""
    if "async" not in task.function.facts.flags or not runs_as_written(task, project):
        return
    if any(awaits(app) for app in task.apps) or any(
        project.mentions(package) for package in AWAITING_PACKAGES
    ):
        return
    yield report(task.function_where, task=task.shown)


def awaits(app: Any) -> bool:
    """Whether the app's pool is one of its own, which may await."""
    try:
        pool = app.configuration.get("worker_pool")
    except Undecided:
        return False
    return pool is not None and not (
        isinstance(pool, Const)
        and pool.constant in ("prefork", "eventlet", "gevent", "threads", "solo", "processes")
    )


@rule(
    Task,
    "CEL066",
    "celery-generator-task",
    CORRECTNESS,
    says="`{task}` holds a `yield`, so calling it makes a generator: the body never runs, and the "
    "generator cannot be encoded",
)
def generator_task(task: Task, project: Project) -> Iterator[Report]:
    """A `yield` in the body itself."""
    flags = task.function.facts.flags
    if "generator" in flags and "async" not in flags and runs_as_written(task, project):
        yield report(task.function_where, task=task.shown)


# CEL068


class ClassTaskCall(Subject):
    """A call that publishes an instance of a task class of the project."""

    __slots__ = ("cls", "method")

    def __init__(
        self, project: Project, where: Where, scope: int, block: int, cls: Definition, method: str
    ) -> None:
        super().__init__(project, where.module, scope, block, where.span)
        self.cls = cls
        self.method = method

    @classmethod
    def collect(cls, project: Project) -> list[ClassTaskCall]:
        """Every `Cls().delay(...)` and `instance.delay(...)` of a project."""
        found = []
        for module in project.modules:
            for expression in module.facts.expressions:
                call = expression.expr
                if call[0] != "call" or call[2][0] != "attr" or call[2][3] not in USES:
                    continue
                receiver = project.values.evaluate(call[2][2], module, expression.scope)
                made = receiver.callee if isinstance(receiver, Made) else None
                if isinstance(made, Definition) and is_task_class(project, made):
                    found.append(
                        cls(
                            project,
                            Where(module, call[1]),
                            expression.scope,
                            expression.block,
                            made,
                            call[2][3],
                        )
                    )
        return found


@rule(
    ClassTaskCall,
    "CEL068",
    "celery-class-task-not-registered",
    CORRECTNESS,
    says="`{task}` is never registered, so no worker knows it and the message is discarded: "
    "`app.register_task({task}())`",
)
def class_task_not_registered(call: ClassTaskCall, project: Project) -> Iterator[Report]:
    """Only where every registration of the project can be seen."""
    if call.in_test or not registry_closed(project):
        return
    if is_registered(project, call.cls) or project.mentions("__subclasses__"):
        return
    yield report(
        call.where,
        Related(Where(call.cls.module, call.cls.facts.span), "the class"),
        task=call.cls.facts.name,
    )


def is_registered(project: Project, cls: Definition) -> bool:
    """Whether a class, or one that it is derived from or that is derived from it, is registered,
    serves as a base, or may register itself."""
    for owner in class_chain(project, cls):
        if isinstance(owner, Definition):
            keywords = owner.facts.keywords
            registers = owner.module.bindings(owner.scope, "__init_subclass__")
            if keywords or owner.facts.decorators or registers:
                return True
        elif not (isinstance(owner, External) and owner.name in KNOWN_BASES):
            return True
    for task in project.all(Task):
        if task.owner is not None and cls in class_chain(project, task.owner):
            return True
        base = task.options.get("base")
        if isinstance(base, Ref) and base.target == cls:
            return True
    for module in project.modules:
        for expression in module.facts.expressions:
            call = expression.expr
            if call[0] == "call" and call[2][0] == "attr" and call[2][3] == "register":
                return True
    from ..project.apps import App

    return any(cls in task_classes(app) for app in project.all(App))


# CEL080, CEL081


@rule(
    Task,
    "CEL080",
    "celery-bind-without-self",
    CORRECTNESS,
    says="`{task}` is bound but has no parameter for the task itself: every call raises TypeError",
)
def bind_without_self(task: Task, project: Project) -> Iterator[Report]:
    """`bind=True` without a parameter, or with one that calls fill as if it were theirs."""
    if task.class_based or task.replaced or task.open or "bind" not in task.options:
        return
    if not task.bind or any(not task.keeps_parameters(d) for d in task.decorators_below()):
        return
    parameters = task.parameters
    insert = list(task.function.facts.span)
    if not any(p.kind in ("positional", "either", "*") for p in parameters):
        yield report(
            task.option_where("bind"),
            task=task.shown,
            fix={"after": insert, "more": bool(parameters)},
        )
        return
    first = parameters[0]
    if first.kind == "*" or first.name in SELF_NAMES or task.wrapped:
        return
    sent = sent_arguments(project, task)
    whole, rest = Signature(parameters), Signature(parameters[1:])
    if sent and all(whole.bind(*s) is None and rest.bind(*s) is not None for s in sent):
        yield report(
            task.option_where("bind"),
            says="`{first}` of `{task}` gets the task itself, since the task is bound, while its "
            "callers pass a value for it: every such call raises TypeError",
            task=task.shown,
            first=first.name,
            fix={"after": insert, "more": True},
        )


def sent_arguments(project: Project, task: Task) -> list[tuple[int, list[str]]]:
    """What the calls of a task are known to send: how many positional arguments, which keywords."""
    return [
        (len(call.arguments), list(call.keywords))
        for call in project.all(Dispatch)
        if call.task is task
        and call.publishes
        and call.complete
        and call.arguments is not None
        and call.keywords is not None
    ]


@bind_without_self.fix(SAFE, "Add the parameter `self`")
def insert_self(finding: Finding, source: Source) -> Iterable[Edit]:
    """`def pay(order):` to `def pay(self, order):`."""
    data = dict(finding.fix_data)
    edit = self_inserted(source, data["after"], data["more"])
    if edit is not None:
        yield edit


def self_inserted(source: Source, name: Span, more: bool) -> Edit | None:
    """The edit that puts `self` in front of a function's parameters, if they follow its name."""
    row, column = name[2], name[3]
    if source.line(row)[column - 1 : column] != "(":
        return None
    rest = source.line(row)[column:].lstrip()
    text = "self, " if more and rest.strip() else "self,"
    return Edit((row, column + 1, row, column + 1), text if more else "self")


@observe("FunctionDef")
def self_in_function(node: ast.FunctionDef, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """A read of `self` in a decorated function that has no such parameter."""
    import ast

    if not node.decorator_list or site.walk.scopes[site.scope].kind == "class":
        return
    if not site.holds(node, "self"):
        return
    arguments = node.args
    names = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    names += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    if any(name.arg == "self" for name in names):
        return
    pending: list[ast.AST] = list(node.body)
    first: ast.Name | None = None
    while pending:
        part = pending.pop()
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        if isinstance(part, ast.Name) and part.id == "self":
            if not isinstance(part.ctx, ast.Load):
                return
            if first is None or (part.lineno, part.col_offset) < (first.lineno, first.col_offset):
                first = part
        pending += ast.iter_child_nodes(part)
    if first is not None:
        yield first, {"function": site.scope_of(node)}


@rule(
    Task,
    "CEL081",
    "celery-self-without-bind",
    CORRECTNESS,
    says="`self` of `{task}` is filled by the caller's first argument, since the task has no "
    "`bind=True`",
)
def self_without_bind(task: Task, project: Project) -> Iterator[Report]:
    """A parameter `self`, or a `self` from nowhere, in a task that is not bound."""
    function = task.function
    outer = function.module.facts.scopes[function.facts.parent]
    if task.class_based or task.wrapped or task.replaced or task.open or outer.kind == "class":
        return
    if task.bind or any(not task.keeps_parameters(d) for d in task.decorators_below()):
        return
    parameters = task.parameters
    bind = _place_of_bind(task)
    if parameters and parameters[0].name == "self":
        whole = Signature(parameters)
        if all(whole.bind(*sent) is not None for sent in sent_arguments(project, task)):
            yield report(task.function_where, task=task.shown, fix=bind)
        return
    if any(parameter.name == "self" for parameter in parameters):
        return
    for seen in function.module.facts.observations.get(self_in_function.name, ()):
        if seen.data["function"] == function.scope and not defined_around(task):
            insert = {"after": list(function.facts.span), "more": bool(parameters)}
            yield report(
                task.at(seen.span),
                says="`{task}` uses `self`, which nothing defines: it needs `bind=True` and a "
                "parameter `self`",
                task=task.shown,
                fix=bind and {**bind, **insert},
            )


def defined_around(task: Task) -> bool:
    """Whether `self` means something outside of the task's function."""
    function = task.function
    names = task.project.names
    found = names.lookup("self", function.module, function.facts.parent)
    return not (isinstance(found, Nothing) and found.absent)


def _place_of_bind(task: Task) -> dict[str, Any] | None:
    """Where `bind=True` goes: the decorator's span, and what is there already."""
    decorator = task.decorator
    if decorator is None:
        return None
    if decorator[0] != "call":
        return {"decorator": list(decorator[1]), "form": "bare"}
    if "bind" in task.options:
        value = task.options["bind"]
        if value.where.module is not task.module:
            return None
        return {"decorator": list(value.where.span), "form": "value"}
    callee = decorator[2]
    return {
        "decorator": list(callee[1]),
        "form": "call" if decorator[3] or decorator[4] else "empty",
    }


@self_without_bind.fix(SAFE, "Add `bind=True`")
def add_bind(finding: Finding, source: Source) -> Iterable[Edit]:
    """`@shared_task` to `@shared_task(bind=True)`."""
    data = dict(finding.fix_data)
    end_row, end_column = data["decorator"][2:]
    if data["form"] == "value":
        yield Edit(data["decorator"], "True")
    elif data["form"] == "bare":
        yield Edit((end_row, end_column, end_row, end_column), "(bind=True)")
    elif source.line(end_row)[end_column - 1 : end_column] == "(":
        text = "bind=True" if data["form"] == "empty" else "bind=True, "
        yield Edit((end_row, end_column + 1, end_row, end_column + 1), text)
    else:
        return
    if "after" in data:
        edit = self_inserted(source, data["after"], data["more"])
        if edit is not None:
            yield edit
