"""Dispatches: every call that sends a task or makes a signature of one, joined with its task.

Facts: `celery/app/task.py` (`delay`, `apply_async`, `apply`, `signature`), `celery/app/base.py`
(`send_task`), `celery/canvas.py` (`Signature`), `celery/contrib/django/task.py` (`*_on_commit`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..facts import Block, Expr, Expression, Span
from .apps import CURRENT_APPS, App, app_of_expr, default_app
from .names import External, LinkedModule, Nothing, ParameterRef, Variable, sole_value
from .subject import Subject
from .tasks import Task, task_made_by, tasks_named
from .values import Const

if TYPE_CHECKING:
    from . import Project
    from .canvas import Canvas

#: Methods whose call sends a message, now or once the transaction commits.
SENDING = frozenset("delay apply_async delay_on_commit apply_async_on_commit send_task".split())
#: Methods whose call makes a signature.
BUILDING = frozenset("s si signature subtask".split())
#: Methods that take the task's own arguments, as a call of its function would.
DIRECT = frozenset("delay delay_on_commit s si".split())
METHODS = SENDING | BUILDING | {"apply"}

#: The positional parameters of the methods that take `args` and `kwargs`.
PARAMETERS = {
    "apply_async": "args kwargs task_id producer link link_error shadow".split(),
    "apply": ("args kwargs link link_error task_id retries throw logfile loglevel headers".split()),
    "send_task": (
        "name args kwargs countdown eta task_id producer connection router result_cls expires "
        "publisher link link_error add_to_parent group_id group_index retries chord reply_to "
        "time_limit soft_time_limit root_id parent_id route_name shadow chain task_type "
        "replaced_task_nesting"
    ).split(),
    "signature": "args kwargs options type subtask_type immutable app".split(),
}
PARAMETERS["apply_async_on_commit"] = PARAMETERS["apply_async"]
PARAMETERS["subtask"] = PARAMETERS["signature"]
#: The same for `celery.signature(name, ...)` and for calls of signatures themselves.
SIGNATURE_PARAMETERS = ["task", *PARAMETERS["signature"]]
CANVAS_PARAMETERS = {
    "apply_async": "args kwargs route_name".split(),
    "apply": "args kwargs".split(),
}

PARTIAL = "functools.partial"
SIGNATURE = "celery.signature"
ON_COMMIT = "django.db.transaction.on_commit"
#: `with` contexts that expect what is inside to fail.
EXPECTING = frozenset(
    "raises assertRaises assertRaisesRegex assertRaisesMessage suppress failUnlessRaises".split()
)

Option = tuple[Expr, Span]


class Dispatch(Subject):
    """A call that sends a task, runs it here (`apply`), or makes a signature of it.

    `method` is how: "delay", "apply_async", "send_task", "s", "signature", ...; "__call__" for a
    canvas that is called.  `receiver` is what it is called on, `canvas` the canvas if that is one.
    `arguments` and `keywords` are what the task gets (without the task itself), or None where
    that is not known; `options` are the execution options with their places, `open_options` says
    that there may be more.  `partial` says that the call is `functools.partial(task.delay, ...)`;
    `complete`, that nobody can add arguments.  `within` is the syntax that holds the call, as in
    `facts.Expression`."""

    __slots__ = (
        "_sent",
        "arguments",
        "call",
        "canvas",
        "complete",
        "keyword_places",
        "keywords",
        "method",
        "open_options",
        "options",
        "partial",
        "receiver",
        "within",
    )

    def __init__(
        self,
        project: Project,
        module: LinkedModule,
        expression: Expression,
        method: str,
        receiver: Expr,
        task: Task | None,
        canvas: Canvas | None = None,
    ) -> None:
        call = expression.expr
        super().__init__(project, module, expression.scope, expression.block, call[1])
        self.call = call
        self.within = expression.within
        self.method = method
        self.receiver = receiver
        self._sent = task
        self.canvas = canvas
        self.arguments: list[Expr] | None = None
        self.keywords: dict[str, Expr] | None = None
        self.keyword_places: dict[str, Span] = {}
        self.options: dict[str, Option] = {}
        self.open_options = False
        self.partial = False
        self.complete = True

    def __repr__(self) -> str:
        return f"Dispatch({self.where.shown}, {self.method!r}, {self._sent})"

    @classmethod
    def collect(cls, project: Project) -> list[Dispatch]:
        """Every dispatch whose task, app or canvas is known, in the order of the source."""
        return [
            dispatch
            for module in project.modules
            for expression in module.facts.expressions
            if (dispatch := dispatch_of(project, module, expression)) is not None
        ]

    @property
    def publishes(self) -> bool:
        """Whether it sends a message, now or at commit."""
        return self.method in SENDING or self.method == "__call__"

    @property
    def builds(self) -> bool:
        """Whether it only makes a signature."""
        return self.method in BUILDING

    @property
    def task(self) -> Task | None:
        """The task that is sent or built, or None when it is not known which."""
        return self._sent

    @property
    def caller(self) -> Task | None:
        """The task whose own body holds the call."""
        return super().task

    @property
    def name_span(self) -> Span:
        """Where the method's name ends the receiver: `task.delay` of `task.delay(1)`."""
        callee = self.call[3][0] if self.partial else self.call[2]
        span: Span = callee[1]
        return span

    @property
    def expects_error(self) -> bool:
        """Whether it stands where a test, or `suppress`, waits for it to fail."""
        return expects_error(self)


def blocks_outward(subject: Subject) -> Iterator[Block]:
    """The compound statements around a subject, out of lambdas and comprehensions, up to the
    nearest function."""
    scopes = subject.module.facts.scopes
    scope, block = subject.scope, subject.block
    while True:
        yield from subject.module.blocks_around(block)
        if scopes[scope].kind not in ("lambda", "comprehension"):
            return
        scope, block = scopes[scope].parent, scopes[scope].block


def expects_error(subject: Subject) -> bool:
    """Whether a subject stands in `with pytest.raises(...)` or the like, or in a `try` that
    catches TypeError or everything."""
    for block in blocks_outward(subject):
        if block.kind == "with":
            for context in block.exprs:
                if context[0] == "call" and last_name(context[2]) in EXPECTING:
                    return True
        if block.kind == "try" and block.arm == "body":
            for caught in block.exprs:
                names = caught[2] if caught[0] == "tuple" else [caught]
                if any(last_name(name) == "TypeError" for name in names):
                    return True
    return False


def last_name(expr: Expr) -> str:
    """The last name of a name or attribute chain, or ""."""
    if expr[0] in ("name", "attr"):
        return str(expr[-1])
    return ""


# What a receiver is


def task_of_expr(project: Project, module: LinkedModule, scope: int, expr: Expr) -> Task | None:
    """The task that an expression gives where it stands, or None when it is none or not known.

    Understood are names of all kinds, `app.tasks["name"]`, the task itself in its own body
    (`self`, when bound), and what a class keeps in a private attribute of `self`."""
    kind = expr[0]
    if kind in ("name", "attr"):
        target = project.names.resolve(expr, module, scope)
        if isinstance(target, ParameterRef):
            return _task_itself(project, target)
        if isinstance(target, Nothing) and kind == "attr" and expr[2][0] == "name":
            from .bodies import attribute_of_self

            kept = attribute_of_self(project, module, scope, expr)
            return None if kept is None else task_of_expr(project, module, *kept)
        if isinstance(target, Variable):
            found = project.task_of(target)
            if found is not None:
                return found
            value = sole_value(target)
            if value is not None and value[0] == "sub":
                return task_of_expr(project, target.module, target.scope, value)
            return None
        return project.task_of(target)
    if kind == "sub" and expr[2][0] == "attr" and expr[2][3] == "tasks":
        if is_app(project, module, scope, expr[2][2]):
            return task_named(project, module, scope, expr[3])
    if kind == "call":
        return task_made_by(project, expr, module, scope)
    return None


def _task_itself(project: Project, parameter: ParameterRef) -> Task | None:
    task = project.task_around(parameter.module, parameter.scope)
    if task is None or task.task_parameter != parameter.name:
        return None
    return task if task.function.scope == parameter.scope else None


def is_app(project: Project, module: LinkedModule, scope: int, expr: Expr) -> bool:
    """Whether an expression is an app of Celery, known or whatever is current."""
    if app_of_expr(project, module, scope, expr) is not None:
        return True
    target = project.names.resolve(expr, module, scope)
    return isinstance(target, External) and target.name in CURRENT_APPS


def task_named(project: Project, module: LinkedModule, scope: int, name: Expr) -> Task | None:
    """The only task of the name that an expression gives, or None."""
    value = project.values.evaluate(name, module, scope)
    if isinstance(value, Const) and isinstance(value.constant, str):
        tasks = tasks_named(project, value.constant)
        if len(tasks) == 1:
            return tasks[0]
    return None


# Calls


def dispatch_of(project: Project, module: LinkedModule, expression: Expression) -> Dispatch | None:
    """The dispatch that a recorded expression is, or None."""
    call = expression.expr
    if call[0] != "call":
        return None
    callee = call[2]
    if callee[0] == "attr" and callee[3] in METHODS:
        return _method_call(project, module, expression)
    if last_name(callee) == "partial" and call[3] and call[3][0][0] == "attr":
        return _partial_call(project, module, expression)
    target = project.names.resolve(callee, module, expression.scope)
    if isinstance(target, External) and target.name == SIGNATURE:
        return _by_name(project, module, expression, "signature", callee, SIGNATURE_PARAMETERS)
    return _canvas_call(project, module, expression, "__call__", callee)


def _method_call(project: Project, module: LinkedModule, expression: Expression) -> Dispatch | None:
    call, scope = expression.expr, expression.scope
    receiver, method = call[2][2], call[2][3]
    if method in ("send_task", "signature", "subtask") and is_app(project, module, scope, receiver):
        parameters = PARAMETERS["send_task"] if method == "send_task" else SIGNATURE_PARAMETERS
        return _by_name(project, module, expression, method, receiver, parameters)
    if method == "send_task":
        return None
    task = task_of_expr(project, module, scope, receiver)
    if task is None:
        if method == "signature" and _is_celery_module(project, module, scope, receiver):
            return _by_name(project, module, expression, method, receiver, SIGNATURE_PARAMETERS)
        return _canvas_call(project, module, expression, method, receiver)
    dispatch = Dispatch(project, module, expression, method, receiver, task)
    _read_arguments(dispatch, call[3], call[4], PARAMETERS.get(method))
    return dispatch


def _is_celery_module(project: Project, module: LinkedModule, scope: int, expr: Expr) -> bool:
    if expr[0] not in ("name", "attr"):
        return False
    target = project.names.resolve(expr, module, scope)
    return isinstance(target, External) and target.name in ("celery", "celery.canvas")


def _by_name(
    project: Project,
    module: LinkedModule,
    expression: Expression,
    method: str,
    receiver: Expr,
    parameters: list[str],
) -> Dispatch:
    """`app.send_task("name", ...)` or `signature("name", ...)`."""
    call = expression.expr
    dispatch = Dispatch(project, module, expression, method, receiver, None)
    _read_arguments(dispatch, call[3], call[4], parameters)
    named = dispatch.options.pop(parameters[0], None)
    if named is not None:
        dispatch._sent = task_named(project, module, expression.scope, named[0]) or task_of_expr(
            project, module, expression.scope, named[0]
        )
    return dispatch


def _partial_call(
    project: Project, module: LinkedModule, expression: Expression
) -> Dispatch | None:
    call, scope = expression.expr, expression.scope
    target = project.names.resolve(call[2], module, scope)
    receiver, method = call[3][0][2], call[3][0][3]
    if not (isinstance(target, External) and target.name == PARTIAL) or method not in METHODS:
        return None
    task = task_of_expr(project, module, scope, receiver)
    if task is None:
        return None
    dispatch = Dispatch(project, module, expression, method, receiver, task)
    dispatch.partial = True
    dispatch.complete = handed_to_on_commit(project, module, call)
    _read_arguments(dispatch, call[3][1:], call[4], PARAMETERS.get(method))
    return dispatch


def handed_to_on_commit(project: Project, module: LinkedModule, expr: Expr) -> bool:
    """Whether an expression is what Django's `transaction.on_commit` will call, without any
    argument."""
    for expression in module.facts.expressions:
        call = expression.expr
        if call[0] == "call" and last_name(call[2]) == "on_commit" and call[3]:
            if call[3][0][1] == expr[1]:
                target = project.names.resolve(call[2], module, expression.scope)
                return isinstance(target, External) and target.name == ON_COMMIT
    return False


def _canvas_call(
    project: Project, module: LinkedModule, expression: Expression, method: str, receiver: Expr
) -> Dispatch | None:
    """A call of a canvas, or of `delay`, `apply_async` or `apply` on one."""
    from .canvas import canvas_of

    call = expression.expr
    if method not in ("delay", "apply_async", "apply", "__call__"):
        return None
    canvas = canvas_of(project, module, expression.scope, receiver)
    if canvas is None:
        return None
    if method == "__call__" and canvas.kind not in ("chain", "group", "chord"):
        # A signature that is called runs here; only the others send messages.
        return None
    dispatch = Dispatch(project, module, expression, method, receiver, canvas.task, canvas)
    _read_arguments(dispatch, call[3], call[4], CANVAS_PARAMETERS.get(method))
    _join(dispatch, canvas)
    return dispatch


def _join(dispatch: Dispatch, canvas: Canvas) -> None:
    """What a signature's task gets: the new arguments before its own (`Signature._merge`)."""
    if canvas.kind != "signature" or canvas.immutable is None:
        dispatch.arguments = dispatch.keywords = None
    elif canvas.immutable:
        dispatch.arguments, dispatch.keywords = canvas.arguments, canvas.keywords
    else:
        if dispatch.arguments is not None:
            own = canvas.arguments
            dispatch.arguments = None if own is None else [*dispatch.arguments, *own]
        if dispatch.keywords is not None:
            named = canvas.keywords
            dispatch.keywords = None if named is None else {**named, **dispatch.keywords}
    dispatch.options = {**canvas.options, **dispatch.options}
    dispatch.open_options = dispatch.open_options or canvas.open_options


# Arguments


def _read_arguments(
    dispatch: Dispatch,
    positional: Sequence[Expr],
    keywords: Sequence[Any],
    parameters: list[str] | None,
) -> None:
    """Reads what a call passes.  `parameters` are those of a method that takes `args` and
    `kwargs`; None for one that takes the task's own arguments."""
    starred = any(argument[0] == "star" for argument in positional)
    dispatch.keyword_places = {keyword: span for keyword, _, span in keywords if keyword}
    if parameters is None:
        dispatch.arguments = None if starred else list(positional)
        dispatch.keywords = named_arguments(keywords)
        return
    given = option_arguments(positional, keywords, parameters)
    dispatch.open_options = starred or named_arguments(keywords) is None
    arguments, named = given.pop("args", None), given.pop("kwargs", None)
    if arguments is not None:
        dispatch.arguments = sequence_items(dispatch, arguments[0])
    elif not dispatch.open_options:
        dispatch.arguments = []
    if named is not None:
        dispatch.keywords = mapping_items(dispatch, named[0])
    elif not dispatch.open_options:
        dispatch.keywords = {}
    if "options" in parameters and "options" in given:
        del given["options"]
        dispatch.open_options = True
    dispatch.options = given


def option_arguments(
    positional: Sequence[Expr], keywords: Sequence[Any], parameters: list[str]
) -> dict[str, Option]:
    """The arguments of a call by the names of its parameters, with their places; positional ones
    up to the first `*`."""
    given: dict[str, Option] = {}
    for name, argument in zip(parameters, positional, strict=False):
        if argument[0] == "star":
            break
        given[name] = (argument, argument[1])
    given.update({keyword: (value, span) for keyword, value, span in keywords if keyword})
    return given


def named_arguments(keywords: Sequence[Any]) -> dict[str, Expr] | None:
    """The keyword arguments of a call by name, or None when `**` may add others."""
    if any(keyword is None for keyword, _, _ in keywords):
        return None
    return {keyword: value for keyword, value, _ in keywords}


def literal_of(subject: Subject, expr: Expr) -> Expr:
    """A display for a local name that is assigned one once and never changed; else `expr`."""
    if expr[0] == "name":
        target = subject.resolve(expr)
        if (
            isinstance(target, Variable)
            and target.module is subject.module
            and target.scope == subject.scope
            and len(target.module.bindings(target.scope, target.name)) == 1
            and not target.module.changes(target.scope, target.name)
        ):
            return sole_value(target) or expr
    return expr


def sequence_items(subject: Subject, expr: Expr) -> list[Expr] | None:
    """The items of a literal `args=`, or None when they are not known."""
    expr = literal_of(subject, expr)
    if expr[0] in ("list", "tuple") and all(item[0] != "star" for item in expr[2]):
        return list(expr[2])
    if expr[0] == "const" and expr[2] is None:
        return []
    return None


def mapping_items(subject: Subject, expr: Expr) -> dict[str, Expr] | None:
    """The items of a literal `kwargs=`, or None when they are not known."""
    expr = literal_of(subject, expr)
    if expr[0] == "const" and expr[2] is None:
        return {}
    if expr[0] == "dict":
        found: dict[str, Expr] = {}
        for key, value in expr[2]:
            if key is None or key[0] != "const" or not isinstance(key[2], str):
                return None
            found[key[2]] = value
        return found
    if expr[0] == "call" and expr[2][0] == "name" and expr[2][2] == "dict" and not expr[3]:
        return named_arguments(expr[4])
    return None


# Results

RESULT_CLASSES = {
    "celery.result.AsyncResult": "AsyncResult",
    "celery.result.GroupResult": "GroupResult",
    "celery.result.ResultSet": "ResultSet",
    "celery.result.EagerResult": "EagerResult",
}


class Result(Subject):
    """An expression that gives a result.  `source` is the dispatch that it comes from, or None
    for one made of an id; `kind` is "AsyncResult", "GroupResult", "ResultSet" or "EagerResult";
    `app` the app it asks, if known."""

    __slots__ = ("app", "kind", "source")

    def __init__(self, made: Subject, kind: str, source: Dispatch | None, app: App | None) -> None:
        super().__init__(made.project, made.module, made.scope, made.block, made.span)
        self.kind = kind
        self.source = source
        self.app = app


class ResultUse(Subject):
    """A method called on, or an attribute read of, a result that is surely Celery's.

    `method` is its name, `call` the whole expression, `called` whether it is a call, `result`
    what is used, `source` the dispatch it comes from (None for a result made of an id)."""

    __slots__ = ("call", "called", "method", "result", "within")

    def __init__(
        self, project: Project, module: LinkedModule, expression: Expression, result: Result
    ) -> None:
        expr = expression.expr
        super().__init__(project, module, expression.scope, expression.block, expr[1])
        self.call = expr
        self.called = expr[0] == "call"
        self.method = last_name(expr[2] if self.called else expr)
        self.result = result
        self.within = expression.within

    @property
    def source(self) -> Dispatch | None:
        """The dispatch whose result is used."""
        return self.result.source

    @classmethod
    def collect(cls, project: Project) -> list[ResultUse]:
        """Every use of a known result, in the order of the source."""
        found = []
        for module in project.modules:
            for expression in module.facts.expressions:
                expr = expression.expr
                used = expr[2] if expr[0] == "call" else expr
                if used[0] != "attr" or used[2][0] not in ("call", "name"):
                    continue
                result = result_of(project, module, expression.scope, used[2])
                if result is not None:
                    found.append(cls(project, module, expression, result))
        return found


def result_of(project: Project, module: LinkedModule, scope: int, expr: Expr) -> Result | None:
    """The result that an expression gives where it stands, or None when that is not known.

    A local name counts when every assignment of it gives a result of one dispatch."""
    if expr[0] == "call":
        return _result_of_call(project, module, scope, expr)
    if expr[0] == "name":
        target = project.names.resolve(expr, module, scope)
        if isinstance(target, Variable):
            value = sole_value(target)
            only = len(target.module.bindings(target.scope, target.name)) == 1
            if value is not None and only and value[0] == "call":
                return _result_of_call(project, target.module, target.scope, value)
    return None


def _result_of_call(
    project: Project, module: LinkedModule, scope: int, call: Expr
) -> Result | None:
    at = Subject(project, module, scope, 0, call[1])
    dispatch = dispatch_at(project, module, call)
    if dispatch is not None:
        if dispatch.partial or dispatch.builds or dispatch.method.endswith("_on_commit"):
            return None
        kind = "AsyncResult"
        if dispatch.method == "apply":
            kind = "EagerResult"
        elif dispatch.canvas is not None and dispatch.canvas.kind == "group":
            kind = "GroupResult"
        return Result(at, kind, dispatch, _app_of_dispatch(dispatch))
    callee = call[2]
    if callee[0] not in ("name", "attr"):
        return None
    target = project.names.resolve(callee, module, scope)
    if isinstance(target, External) and target.name in RESULT_CLASSES:
        given = next((value for name, value, _ in call[4] if name == "app"), None)
        app = default_app(project) if given is None else app_of_expr(project, module, scope, given)
        return Result(at, RESULT_CLASSES[target.name], None, app)
    if callee[0] == "attr" and callee[3] in ("AsyncResult", "GroupResult", "ResultSet"):
        app = app_of_expr(project, module, scope, callee[2])
        if app is None:
            task = task_of_expr(project, module, scope, callee[2])
            if task is None:
                return None
            app = only_app(task)
        return Result(at, callee[3], None, app)
    return None


def only_app(task: Task | None) -> App | None:
    """The app that a task belongs to, when it is one."""
    return task.apps[0] if task is not None and len(task.apps) == 1 else None


def _app_of_dispatch(dispatch: Dispatch) -> App | None:
    if dispatch.task is not None:
        return only_app(dispatch.task)
    if dispatch.canvas is not None:
        return dispatch.canvas.app
    return app_of_expr(dispatch.project, dispatch.module, dispatch.scope, dispatch.receiver)


def dispatch_at(project: Project, module: LinkedModule, call: Expr) -> Dispatch | None:
    """The dispatch that a call is."""
    index = project.kept.get("dispatches")
    if index is None:
        index = {(d.module.path, *d.span): d for d in project.all(Dispatch)}
        project.kept["dispatches"] = index
    found: Dispatch | None = index.get((module.path, *call[1]))
    return found
