"""Celery tasks: what makes them, their names, options and signatures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..celery.options import CONFIG_BACKED
from ..extract.observe import Site, observe
from ..facts import Expr, Parameter, Span
from ..rule import Undecided, Where
from .apps import App, app_of_expr
from .loading import shared_app
from .module_names import imported_name
from .names import (
    LONGEST_CHAIN,
    Definition,
    External,
    LinkedModule,
    ModuleRef,
    Nothing,
    Target,
    Variable,
)
from .signature import Signature
from .subject import Subject
from .values import Const, Mapping, Ref, Typed, Unknown, Value, flatten
from .wrappers import (
    GIVEN,
    GIVES_SAME,
    KEEPS_PARAMETERS,
    NO_OPTIONS,
    THE_FUNCTION,
    TRANSPARENT_CALLS,
    Closure,
    Decorators,
    NewTask,
    Options,
    seen_before,
)

if TYPE_CHECKING:
    import ast

    from . import Project

TASK = "celery.Task"
#: Base classes outside the project that leave `delay`, `apply_async`, `__call__` and the options
#: of `celery.Task` alone.
PLAIN_BASES = frozenset(
    """celery.Task celery.contrib.django.task.DjangoTask celery.contrib.abortable.AbortableTask
    celery.app.task.Context abc.ABC builtins.object typing.Generic""".split()
)
#: Base classes of libraries that hand a task's arguments on as they are, and the options that they
#: give: celery-once 3.0, celery-singleton 0.3, tenant-schemas-celery 5.0, openwisp-utils 1.3.
LIBRARY_BASES: dict[str, frozenset[str]] = {
    "celery_once.QueueOnce": frozenset(),
    "celery_once.tasks.QueueOnce": frozenset(),
    "celery_singleton.Singleton": frozenset(),
    "celery_singleton.singleton.Singleton": frozenset(),
    "tenant_schemas_celery.task.TenantTask": frozenset(),
    "openwisp_utils.tasks.OpenwispCeleryTask": frozenset({"soft_time_limit", "time_limit"}),
}
TASK_BASES = frozenset(
    {*PLAIN_BASES, *LIBRARY_BASES} - {"abc.ABC", "builtins.object", "typing.Generic"}
)
#: Where a decorator's keyword beats annotations and base class (`celery/app/autoretry.py`).
AUTORETRY = frozenset(
    """autoretry_for dont_autoretry_for retry_kwargs retry_backoff retry_backoff_max
    retry_jitter""".split()
)
#: Overriding one of these may change what a caller passes and what the body gets.
SEND_METHODS = ("apply_async", "delay")
CALL_METHODS = ("__call__", *SEND_METHODS)
FORWARDED = frozenset({*CALL_METHODS, "run"})


@observe("FunctionDef")
def forwarding_method(node: ast.FunctionDef, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """A method around a task's call that hands the arguments on as they are:
    `def __call__(self, *args, **kwargs): return self.run(*args, **kwargs)`, or
    `def apply_async(self, args=None, kwargs=None, **options)` with `args` and `kwargs` in place."""
    if node.name not in CALL_METHODS:
        return
    import ast

    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    if not positional or arguments.kwonlyargs or arguments.kwarg is None:
        return
    if arguments.vararg is not None and len(positional) == 1:
        names, starred = (arguments.vararg.arg, arguments.kwarg.arg), True
    elif [p.arg for p in positional[1:3]] == ["args", "kwargs"] and node.name == "apply_async":
        names, starred = ("args", "kwargs"), False
    else:
        return
    uses = read = forwarded = 0
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id in names:
            uses += 1
        elif isinstance(part, ast.Compare) and isinstance(part.ops[-1], (ast.In, ast.NotIn)):
            read += getattr(part.comparators[-1], "id", None) in names
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
            if part.func.attr == "get":
                read += getattr(part.func.value, "id", None) in names
            elif part.func.attr in FORWARDED:
                forwarded += 2 * (_given_on(part, positional[0].arg, starred) == names)
    if uses == read + forwarded and forwarded:
        yield node, {"class": site.scope, "name": node.name}


def _given_on(call: ast.Call, own: str, starred: bool) -> tuple[str | None, ...]:
    """The names that a call passes as the task's arguments: `*args, **kwargs`, or the first two
    parameters of `apply_async`."""
    import ast

    given = list(call.args)
    if given and getattr(given[0], "id", None) == own:
        given = given[1:]  # `Task.__call__(self, *args, **kwargs)`
    if starred:
        if len(given) != 1 or [keyword.arg for keyword in call.keywords] != [None]:
            return ()
        if not isinstance(given[0], ast.Starred):
            return ()
        return tuple(getattr(v, "id", None) for v in (given[0].value, call.keywords[0].value))
    if any(isinstance(argument, ast.Starred) for argument in given[:2]):
        return ()
    by_name = {keyword.arg: keyword.value for keyword in call.keywords}
    parts = [*given[:2], *(by_name.get(name) for name in ("args", "kwargs")[len(given[:2]) :])]
    return tuple(getattr(part, "id", None) for part in parts)


@observe("FunctionDef")
def handing_on(node: ast.FunctionDef, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """The inside of a decorator that calls a function with all it is called with itself:
    `def wrapper(*args, **kwargs): return function(*args, **kwargs)`."""
    import ast

    arguments = node.args
    if (
        arguments.vararg is None
        or arguments.kwarg is None
        or not isinstance(site.parent, ast.FunctionDef)
    ):
        return
    if arguments.args or arguments.posonlyargs or arguments.kwonlyargs:
        return
    names = (arguments.vararg.arg, arguments.kwarg.arg)
    uses = read = 0
    called: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id in names:
            uses += 1
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
            if part.func.attr == "get":
                read += getattr(part.func.value, "id", None) in names
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
            if _given_on(part, "", True) == names:
                called.add(part.func.id)
                read += 2
    if uses == read and len(called) == 1:
        yield node, {"scope": site.scope_of(node), "calls": called.pop()}


def _hands_on(closure: Closure) -> bool:
    """Whether a function that took the place of the decorated one calls that with all it gets."""
    inner = closure.definition
    outer = inner.facts.parent
    return any(
        seen.data["scope"] == inner.scope
        and closure.env.get((inner.module.path, outer, seen.data["calls"])) is GIVEN
        for seen in inner.module.facts.observations.get(handing_on.name, ())
    )


def _forwards(cls: Definition, method: str) -> bool:
    """Whether a class's method is such a forwarding one."""
    return any(
        seen.data == {"class": cls.scope, "name": method}
        for seen in cls.module.facts.observations.get(forwarding_method.name, ())
    )


class Task(Subject):
    """One task.  `span` is the decorator (or call) that makes it, or the name of its class.

    `function` is its body: the decorated function, or `run` of a class; `owner` is the class of a
    class-based task.  `options` are those that its decorator gives, those of wrappers included.
    `apps` are the apps it belongs to, as far as known.  `replaced` says that a wrapper gives
    Celery another function than the decorated one, `hidden` that a decorator above the task's own
    leaves something else under the function's name."""

    __slots__ = (
        "_name",
        "_name_known",
        "_places",
        "app_known",
        "apps",
        "decorator",
        "direct_name",
        "function",
        "hidden",
        "open",
        "options",
        "owner",
        "replaced",
        "shared",
        "wrapped",
    )

    def __init__(
        self,
        project: Project,
        module: LinkedModule,
        scope: int,
        block: int,
        span: Span,
        function: Definition,
        options: Options,
    ) -> None:
        super().__init__(project, module, scope, block, span)
        self.function = function
        self.options = options.values
        self._places = options.places
        self.open = options.open
        self.decorator: Expr | None = None
        self.owner: Definition | None = None
        self.apps: list[App] = []
        self.app_known = False
        self.shared = False
        self.wrapped = False
        self.replaced = False
        self.direct_name = True
        self.hidden = False
        self._name: str | None = None
        self._name_known = False

    def __repr__(self) -> str:
        return f"Task({self.name or self.shown!r})"

    @classmethod
    def collect(cls, project: Project) -> list[Task]:
        """Every task of the project, in the order of modules and rows."""
        return index_of(project).tasks

    # Names

    @property
    def shown(self) -> str:
        """How messages call the task: its function's or its class's name."""
        return self.owner.facts.name if self.owner else self.function.facts.name

    @property
    def name(self) -> str | None:
        """The name under which it is registered, or None when that is not known."""
        if not self._name_known:
            self._name_known = True
            self._name = self._find_name()
        return self._name

    @property
    def explicit_name(self) -> Value | None:
        """What `name=` gives, or a class's attribute `name`; None when it is not given."""
        if self.owner is not None and "name" not in self.options:
            return self._of_class("name")
        return self.options.get("name")

    def _find_name(self) -> str | None:
        try:
            given = self.explicit_name
            if self.owner is not None and self._attribute(self.owner, "__init__") is not None:
                return None
        except Undecided:
            return None
        if given is not None and not (isinstance(given, Const) and not given.constant):
            constant = given.constant if isinstance(given, Const) else None
            return constant if isinstance(constant, str) else None
        if self.open or not self.direct_name:
            return None
        if not all(generates_plain_names(app) for app in self.apps):
            return None
        if not self.shared and not self.apps:
            return None
        module = self.project.once(imported_name, self.project, self.module)
        return f"{module}.{self.shown}"

    @property
    def auto_named(self) -> bool:
        """Whether Celery makes the name up, of the module and the function."""
        given = self.options.get("name") if self.owner is None else self.explicit_name
        return given is None or (isinstance(given, Const) and not given.constant)

    # Options

    def option_where(self, name: str) -> Where:
        """Where an option is written in the task's own module, else its decorator."""
        place = self._places.get(name)
        if place is not None and place.module is self.module:
            return place
        if self.owner is not None and self.owner.module is self.module:
            for binding in self.module.bindings(self.owner.scope, name):
                if binding.payload is not None and not isinstance(binding.payload, int):
                    return Where(self.module, binding.payload.span)
        return self.where

    def option(self, name: str) -> Value | None:
        """The effective value of an option; None when it is provably Celery's own default.

        The order is Celery's (`celery/app/task.py`, `bind` and `annotate`): the decorator, the
        base classes, the app's setting, then annotations over them all, `"*"` last.  Raises
        Undecided when some of this is not known."""
        written = self.written(name)
        if name in AUTORETRY and name in self.options:
            return written
        annotated = self.annotation(name)
        if annotated is not None:
            return annotated
        if written is not None:
            return written
        setting = CONFIG_BACKED.get(name)
        return None if setting is None else self._setting(setting)

    def written(self, name: str) -> Value | None:
        """An option as the decorator or a base class gives it; None when neither does.

        A literal None counts as not given where a setting stands behind the option."""
        value = self.options.get(name)
        if value is None:
            if self.open:
                raise Undecided(f"whether `{name}` is given at {self.where.shown}")
            value = self._of_class(name)
        if name in CONFIG_BACKED and isinstance(value, Const) and value.constant is None:
            return None
        return value

    def _of_class(self, name: str) -> Value | None:
        values = [self._attribute(start, name) for start in self.bases]
        if not values or all(value is values[0] for value in values):
            return values[0] if values else None
        if any(value is None for value in values):
            raise Undecided(f"`{name}` of several base classes at {self.where.shown}")
        return flatten(self.where, [value for value in values if value is not None])

    def _attribute(self, start: Target, name: str) -> Value | None:
        for cls in self._classes(start, name):
            if cls.module.bindings(cls.scope, name):
                found = self.project.names.lookup(name, cls.module, cls.scope)
                return self.project.values.value_of(found, Where(cls.module, cls.facts.span))
        return None

    def _classes(self, start: Target, option: str) -> Iterator[Definition]:
        """The project's classes that a base class is made of, nearest first, down to Celery's
        own.  Raises Undecided at one that is not known, or that is known to give `option`."""
        for cls in class_chain(self.project, start):
            if isinstance(cls, Definition) and cls.facts.kind == "class":
                yield cls
                continue
            name = cls.name if isinstance(cls, External) else ""
            if name not in PLAIN_BASES and option in LIBRARY_BASES.get(name, (option,)):
                raise Undecided(f"a base class at {self.where.shown}")

    @property
    def bases(self) -> list[Target]:
        """The class or classes (one for each app) that the task's class is derived from.

        Raises Undecided when that is not known."""
        if self.owner is not None:
            return [self.owner]
        base = self.base
        if base is not None:
            return [base]
        if not self.apps:
            if self.shared:
                return [External(TASK)]
            raise Undecided(f"the app of the task at {self.where.shown}")
        found: list[Target] = []
        for app in self.apps:
            for cls in task_classes(app):
                if cls not in found:
                    found.append(cls)
        return found

    @property
    def base(self) -> Target | None:
        """The class that `base=` names, or None when it names none (see `bases`).

        Raises Undecided when it is given and not known."""
        value = self.options.get("base")
        if value is None:
            if self.open:
                raise Undecided(f"whether `base` is given at {self.where.shown}")
            return None
        if isinstance(value, Const) and value.constant is None:
            return None
        if isinstance(value, Ref) and not isinstance(value.target, ModuleRef):
            return value.target
        raise Undecided(f"the base class at {self.where.shown}")

    @property
    def plain(self) -> bool:
        """Whether nobody but Celery reads its options: the app is exactly `celery.Celery`, and
        its class exactly `celery.Task` or one of its own, and no wrapper stands between."""
        if self.wrapped or self.open:
            return False
        try:
            bases = self.bases
        except Undecided:
            return False
        known = self.shared or bool(self.apps)
        return (
            known
            and all(isinstance(b, External) and b.name in PLAIN_BASES for b in bases)
            and all(app.plain for app in self.apps)
        )

    def _setting(self, setting: str) -> Value | None:
        if not self.apps:
            raise Undecided(f"the app of the task at {self.where.shown}")
        values = [app.configuration.get(setting) for app in self.apps]
        first = values[0]
        if all(value is first for value in values):
            return first
        raise Undecided(f"`{setting}` of several apps")

    def annotation(self, name: str) -> Value | None:
        """What `task_annotations` says of an option, `"*"` before the task's own entry."""
        found: Value | None = None
        for app in self.apps:
            value = task_annotations(app)
            if value is None:
                continue
            if not isinstance(value, Mapping):
                raise Undecided(f"task_annotations at {value.where.shown}")
            for_all = _entry(value, "*", name)
            if for_all is None and value.entries:
                for_all = self._own_annotation(value, name)
            if for_all is not None:
                found = for_all
        return found

    def _own_annotation(self, value: Mapping, name: str) -> Value | None:
        if self.name is not None:
            return _entry(value, self.name, name)
        for entry in value.entries:
            options = entry.item
            if isinstance(entry.key, Const) and entry.key.constant == "*":
                continue
            if not isinstance(options, Mapping) or options.get(name) is not None:
                raise Undecided("annotations of a task whose name is not known")
        return None

    # The function

    @property
    def class_based(self) -> bool:
        """Whether it is an instance of a class with `run`."""
        return self.owner is not None

    @property
    def bind(self) -> bool:
        """Whether the function's first parameter gets the task itself."""
        if self.owner is not None:
            return True
        value = self.options.get("bind")
        if value is None:
            if self.open:
                raise Undecided(f"whether `bind` is given at {self.where.shown}")
            return False
        return bool(value.value)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters as they are written, `self` included."""
        return tuple(self.function.facts.parameters)

    @property
    def function_where(self) -> Where:
        """The name in the function's `def`; the task's own place when that is in another file."""
        if self.function.module is not self.module:
            return self.where
        return self.at(self.function.facts.span)

    @property
    def task_parameter(self) -> str | None:
        """The name of the parameter that gets the task itself (`self`), or None."""
        try:
            bind = self.bind
        except Undecided:
            return None
        first = self.parameters[:1]
        if bind and first and first[0].kind in ("positional", "either"):
            return first[0].name
        return None

    @property
    def signature(self) -> Signature:
        """What must be passed to send the task.  Raises Undecided when something may change it: a
        decorator below the task's own, a base class that overrides how it is sent, a wrapper.

        A base class's `__call__` does not matter: `Task.apply_async` compares the arguments with
        the function itself, where the task is one (`celery/app/task.py`, `__header__`)."""
        signature = self.own_signature
        self._refuse_overrides(CALL_METHODS if self.class_based else SEND_METHODS)
        return signature

    @property
    def signature_here(self) -> Signature:
        """What must be passed to run the task in this process (`apply`, a plain call), where a
        base class's `__call__` matters as well.  Raises Undecided as `signature`."""
        signature = self.own_signature
        self._refuse_overrides(CALL_METHODS)
        return signature

    @property
    def own_signature(self) -> Signature:
        """The parameters of the function that Celery has, whatever its base class makes of a
        call.  Raises Undecided."""
        if self.replaced or self.open:
            raise Undecided(f"the signature behind a wrapper at {self.where.shown}")
        for decorator in self.decorators_below():
            if not self.keeps_parameters(decorator):
                raise Undecided(f"the signature below a decorator at {self.where.shown}")
        parameters = self.parameters
        if self.bind:
            if parameters and parameters[0].kind in ("positional", "either"):
                parameters = parameters[1:]
            elif not parameters or parameters[0].kind != "*":
                raise Undecided("a bound task without a parameter for the task")
        elif self._in_class() and not self._is_static():
            raise Undecided(f"a method as a task at {self.where.shown}")
        return Signature(parameters)

    def _refuse_overrides(self, methods: tuple[str, ...]) -> None:
        for start in self.bases:
            for cls in self._classes(start, "apply_async"):
                for method in methods:
                    if cls.module.bindings(cls.scope, method) and not _forwards(cls, method):
                        raise Undecided(f"`{cls.facts.name}` overrides `{method}`")

    def decorators_below(self) -> list[Expr]:
        """The decorators between the task's own and the function, as written."""
        decorators = list(self.function.facts.decorators)
        for place, decorator in enumerate(decorators):
            if decorator is self.decorator:
                return decorators[place + 1 :]
        return decorators

    def decorators_above(self) -> list[Expr]:
        """The decorators above the task's own, as written."""
        decorators = list(self.function.facts.decorators)
        for place, decorator in enumerate(decorators):
            if decorator is self.decorator:
                return decorators[:place]
        return []

    def keeps_parameters(self, decorator: Expr) -> bool:
        """Whether a decorator below the task's own leaves the function's parameters alone, or
        hands on whatever it is called with."""
        callee = decorator[2] if decorator[0] == "call" else decorator
        scope = self.function.facts.parent
        target = self.project.names.resolve(callee, self.function.module, scope)
        if isinstance(target, External):
            return target.name in KEEPS_PARAMETERS
        made = index_of(self.project).decorators.effect(decorator, self.function.module, scope)
        return made is GIVEN or (isinstance(made, Closure) and _hands_on(made))

    @property
    def checked_when_sent(self) -> bool:
        """Whether Celery compares the arguments with the function before it sends the task: not
        for class tasks, nor where a decorator below gives Celery a function that takes anything
        (`celery/app/base.py`, `_task_from_fun`: `__header__`)."""
        return not self.class_based and all(map(self._gives_same, self.decorators_below()))

    def _gives_same(self, decorator: Expr) -> bool:
        module, scope = self.function.module, self.function.facts.parent
        callee = decorator[2] if decorator[0] == "call" else decorator
        target = self.project.names.resolve(callee, module, scope)
        if isinstance(target, External):
            return target.name in GIVES_SAME
        return index_of(self.project).decorators.effect(decorator, module, scope) is GIVEN

    def _in_class(self) -> bool:
        parent = self.function.facts.parent
        return self.function.module.facts.scopes[parent].kind == "class"

    def _is_static(self) -> bool:
        decorators = self.function.facts.decorators
        return any(d[0] == "name" and d[2] == "staticmethod" for d in decorators)


class Index:
    """The tasks of one project, and the ways to find them."""

    __slots__ = ("by_body", "by_class", "by_name", "by_place", "decorators", "project", "tasks")

    def __init__(self, project: Project) -> None:
        self.project = project
        self.decorators = Decorators(project)
        self.tasks: list[Task] = []
        self.by_body: dict[tuple[str, int], Task] = {}
        self.by_class: dict[tuple[str, int], Task] = {}
        self.by_place: dict[tuple[str, int, int], Task] = {}
        self.by_name: dict[str, list[Task]] | None = None

    def fill(self) -> None:
        """Finds all tasks."""
        for module in self.project.modules:
            self._decorated(module)
        for module in self.project.modules:
            self._called(module)
        self.tasks.sort(key=lambda task: (task.module.path, task.span[0], task.span[1]))

    def _decorated(self, module: LinkedModule) -> None:
        for number, scope in enumerate(module.facts.scopes):
            if scope.kind != "function" or not scope.decorators:
                continue
            if self._is_template(module, number):
                continue
            for place, decorator in enumerate(scope.decorators):
                made = self.decorators.effect(decorator, module, scope.parent)
                if not isinstance(made, NewTask):
                    continue
                task = self._task(
                    module,
                    scope.parent,
                    scope.block,
                    decorator[1],
                    Definition(module, number),
                    made,
                )
                task.decorator = decorator
                task.hidden = place > 0 and not self._all_harmless(
                    scope.decorators[:place], module, scope.parent
                )
                self.add(task)
                break

    def _all_harmless(self, decorators: object, module: LinkedModule, scope: int) -> bool:
        assert isinstance(decorators, (list, tuple))
        for decorator in decorators:
            if decorator[0] == "name" and decorator[2] == "staticmethod":
                continue
            if self.decorators.effect(decorator, module, scope) is not GIVEN:
                return False
        return True

    def _is_template(self, module: LinkedModule, number: int) -> bool:
        """Whether a decorated function is the inside of a wrapper, not a task of its own."""
        scope = module.facts.scopes[number]
        outer = module.facts.scopes[scope.parent]
        if outer.kind != "function":
            return False
        parameters = {p.name for p in outer.parameters}
        grand = module.facts.scopes[outer.parent] if outer.parent >= 0 else None
        if grand is not None and grand.kind == "function":
            parameters |= {p.name for p in grand.parameters}
        for decorator in scope.decorators:
            if decorator[0] != "call":
                continue
            target = self.project.names.resolve(decorator[2], module, scope.parent)
            if isinstance(target, External) and target.name in TRANSPARENT_CALLS:
                return True
            for keyword, value, _ in decorator[4]:
                if keyword is None and value[0] == "name" and value[2] in parameters:
                    return True
        return False

    def _called(self, module: LinkedModule) -> None:
        for expression in module.facts.expressions:
            call = expression.expr
            if call[0] != "call" or not call[3]:
                continue
            name = _called_name(call[2])
            if name in ("register_task", "register"):
                self._registered(module, expression.scope, expression.block, call)
            elif name in ("task", "shared_task") or name == "":
                self._call_form(module, expression.scope, expression.block, call)

    def _call_form(self, module: LinkedModule, scope: int, block: int, call: Expr) -> None:
        given = call[3][0]
        target = self.project.names.resolve(given, module, scope)
        if isinstance(target, Variable) and given[0] == "name":
            # In `pay = app.task(pay)` the `pay` inside is the function.
            above = seen_before(given, given[2], call[1][0])
            target = self.project.names.resolve(above, module, scope)
        if not isinstance(target, Definition) or target.facts.kind != "function":
            return
        outer = target.module.facts.scopes[target.facts.parent]
        if outer.kind == "function":
            return
        meaning = self.decorators.meaning(call[2], module, scope, {})
        made = self.decorators.apply(meaning, THE_FUNCTION)
        if not isinstance(made, NewTask):
            return
        options = self.decorators.arguments(call, module, scope, {}).options
        made = made._replace(maker=made.maker._replace(options=made.maker.options.plus(options)))
        self.add(self._task(module, scope, block, call[1], target, made))

    def _task(
        self,
        module: LinkedModule,
        scope: int,
        block: int,
        span: Span,
        function: Definition,
        made: NewTask,
    ) -> Task:
        maker = made.maker
        task = Task(self.project, module, scope, block, span, function, maker.options)
        task.shared = maker.shared
        task.wrapped = maker.wrapped
        task.replaced = not made.direct
        task.direct_name = made.same_name
        app = shared_app(self.project, module) if maker.shared else maker.app
        task.apps = [] if app is None else [app]
        return task

    def _registered(self, module: LinkedModule, scope: int, block: int, call: Expr) -> None:
        app = self._app_of_registry(call[2], module, scope)
        if app is False:
            return
        cls = self.class_of(call[3][0], module, scope)
        if cls is None:
            return
        if (cls.module.path, cls.scope) in self.by_class:
            return
        run = self.project.names.class_attribute(cls, "run")
        if not isinstance(run, Definition) or run.facts.kind != "function":
            return
        options = NO_OPTIONS
        if call[2][0] == "attr" and call[2][3] == "register_task":
            options = self.decorators.arguments(call, module, scope, {}).options
        made_call = call[3][0]
        if made_call[0] == "call" and (made_call[3] or made_call[4]):
            # What `__init__` does with its arguments may be anything, `self.name` included.
            options = options._replace(open=True)
        own = cls.facts
        task = Task(self.project, cls.module, own.parent, own.block, own.span, run, options)
        task.owner = cls
        if isinstance(app, App):
            task.apps = [app]
        self.by_class[cls.module.path, cls.scope] = task
        self.add(task)

    def _app_of_registry(self, callee: Expr, module: LinkedModule, scope: int) -> App | bool | None:
        """The app of `app.register_task` or `app.tasks.register`; None: not known which; False:
        not Celery's."""
        if callee[0] != "attr":
            return False
        base = callee[2]
        if callee[3] == "register":
            if base[0] != "attr" or base[3] != "tasks":
                return False
            base = base[2]
        app = app_of_expr(self.project, module, scope, base)
        return app

    def class_of(self, expr: Expr, module: LinkedModule, scope: int) -> Definition | None:
        """The project's class that `Cls()` or `Cls` names, derived from `celery.Task`."""
        callee = expr[2] if expr[0] == "call" else expr
        if callee[0] not in ("name", "attr"):
            return None
        if callee[0] == "name":
            # In `T = app.register_task(T())` the `T` inside is the class.
            target = self.project.names.resolve(
                seen_before(callee, callee[2], expr[1][0]), module, scope
            )
            if not isinstance(target, (Definition, Variable)):
                target = self.project.names.resolve(callee, module, scope)
        else:
            target = self.project.names.resolve(callee, module, scope)
        if isinstance(target, Variable) and expr[0] != "call":
            given = [a for a in target.assignments if a.op == "="]
            if len(given) == 1 and given[0].value[0] == "call":
                return self.class_of(given[0].value, target.module, target.scope)
            return None
        if isinstance(target, Definition) and target.facts.kind == "class":
            return target if is_task_class(self.project, target) is not False else None
        return None

    def add(self, task: Task) -> None:
        """Makes a task known."""
        self.tasks.append(task)
        self.by_place[task.module.path, task.span[0], task.span[1]] = task
        self.by_body.setdefault((task.function.module.path, task.function.scope), task)

    def named(self) -> dict[str, list[Task]]:
        """The tasks by their names, as far as those are known."""
        if self.by_name is None:
            self.by_name = {}
            for task in self.tasks:
                if task.name is not None:
                    self.by_name.setdefault(task.name, []).append(task)
        return self.by_name


def _called_name(callee: Expr) -> str | None:
    """The last name of what is called; "" for the result of a call."""
    if callee[0] == "name":
        return str(callee[2])
    if callee[0] == "attr":
        return str(callee[3])
    return "" if callee[0] == "call" else None


def _entry(annotations: Mapping, task: str, option: str) -> Value | None:
    entry = annotations.get(task)
    if entry is None:
        return None
    if not isinstance(entry, Mapping):
        raise Undecided(f"an annotation at {entry.where.shown}")
    return entry.get(option)


def class_chain(project: Project, start: Target) -> list[Target]:
    """A class and all its bases, nearest first; what is not of the project ends a branch.

    Unlike `Names.bases` this knows that `app.Task` is the app's own task class."""
    order: list[Target] = []
    pending = [start]
    while pending and len(order) < LONGEST_CHAIN:
        cls = pending.pop(0)
        if cls in order:
            continue
        order.append(cls)
        if isinstance(cls, Definition) and cls.facts.kind == "class":
            pending += [_base(project, expr, cls) for expr in cls.facts.bases]
    return order


def _base(project: Project, expr: Expr, cls: Definition) -> Target:
    module, scope = cls.module, cls.facts.parent
    if expr[0] == "sub":
        expr = expr[2]
    target = project.names.resolve(expr, module, scope)
    if isinstance(target, Variable) and len(target.assignments) == 1:
        module, scope, expr = target.module, target.scope, target.assignments[0].value
    if expr[0] == "attr" and expr[3] == "Task":
        app = app_of_expr(project, module, scope, expr[2])
        if app is not None:
            # What the app was made with: a class derived from it may replace it later.
            return class_of_app(app)
    return target


def is_task_class(project: Project, cls: Definition) -> bool | None:
    """Whether a class of the project is derived from `celery.Task`; None when not known."""
    doubt = False
    for base in class_chain(project, cls):
        if isinstance(base, External) and base.name in TASK_BASES:
            return True
        doubt = doubt or not isinstance(base, (Definition, External))
        doubt = doubt or (isinstance(base, External) and not base.name.startswith("builtins."))
    return None if doubt else False


def task_annotations(app: App) -> Value | None:
    """The app's `task_annotations`; None when nothing writes them.  May raise Undecided."""
    kept = app.project.kept
    key = ("task_annotations", app.module.path, tuple(app.span))
    if key not in kept:
        kept[key] = _annotations_of(app)
    found: Value | None = kept[key]
    return found


def _annotations_of(app: App) -> Value | None:
    configuration = app.configuration
    if not configuration.writes("task_annotations"):
        return None
    value = configuration.get("task_annotations")
    if isinstance(value, Const) and not value.constant:
        return None
    return value


def task_classes(app: App) -> list[Target]:
    """The classes that the app's tasks may be derived from, without a `base=` of their own.

    Raises Undecided when that is not known.  `celery/app/base.py`: `task_cls`, `Task`."""
    return app.project.once(_task_classes, app)


def _task_classes(app: App) -> list[Target]:
    found: list[Target] = []
    project = app.project
    for module in project.modules:
        for assignment in module.facts.assignments:
            target = assignment.target
            if target[0] == "attr" and target[3] == "Task" and assignment.op == "=":
                owner = app_of_expr(project, module, assignment.scope, target[2])
                cls = project.names.resolve(assignment.value, module, assignment.scope)
                named = project.names.resolve(target[2], module, assignment.scope)
                other = isinstance(named, (ModuleRef, External, Definition)) or (
                    isinstance(cls, Definition) and is_task_class(project, cls) is False
                )
                if owner is app or (owner is None and not other):
                    found.append(cls)
    given = _given_task_class(app)
    if given is not None:
        found.append(given)
    return found or [External(TASK)]


def class_of_app(app: App) -> Target:
    """What `app.Task` is before anything replaces it."""
    given = _given_task_class(app)
    return External(TASK) if given is None else given


def _given_task_class(app: App) -> Target | None:
    """The class that `task_cls` names, in the call or in the app's own class; None: neither."""
    project = app.project
    given = app.argument("task_cls")
    if given is not None:
        return _class_given(given, project, app.module)
    if not isinstance(app.cls, Definition):
        return None
    own = project.names.class_attribute(app.cls, "task_cls")
    if isinstance(own, Variable):
        return _class_given(project.values.value_of_variable(own), project, own.module)
    if isinstance(own, Nothing):
        known = own.absent or _derives_from_celery_alone(project, app.cls)
        return None if known else own
    return own


def _derives_from_celery_alone(project: Project, cls: Definition) -> bool:
    return all(
        isinstance(base, Definition)
        or (isinstance(base, External) and base.name in ("celery.Celery", "builtins.object"))
        for base in project.names.bases(cls)
    )


def _class_given(value: Value, project: Project, module: LinkedModule) -> Target:
    if isinstance(value, Ref):
        return value.target
    if isinstance(value, Const) and isinstance(value.constant, str):
        owner, _, name = value.constant.replace(":", ".").rpartition(".")
        return project.names.member(project.names.module_named(owner, module), name, module)
    if isinstance(value, (Unknown, Typed)):
        return Nothing(value.describe())
    return Nothing("a task class")


def generates_plain_names(app: App) -> bool:
    """Whether the app leaves `gen_task_name` alone (`celery/utils/imports.py`)."""
    if isinstance(app.cls, External):
        return True
    found = app.project.names.class_attribute(app.cls, "gen_task_name")  # type: ignore[arg-type]
    if not isinstance(found, Nothing):
        return False
    return found.absent or _derives_from_celery_alone(app.project, app.cls)  # type: ignore[arg-type]


def index_of(project: Project) -> Index:
    """The tasks of a project, found on first request."""
    known = project.kept.get("tasks")
    if isinstance(known, Index):
        return known
    index = Index(project)
    project.kept["tasks"] = index
    index.fill()
    return index


def task_of(project: Project, target: Target) -> Task | None:
    """The task that a resolved name stands for, or None when it is none or not known."""
    index = index_of(project)
    if isinstance(target, Definition):
        if target.facts.kind == "function":
            task = index.by_body.get((target.module.path, target.scope))
            # `task(function)` makes a task of another name, and leaves the function a function.
            return None if task is None or task.hidden or task.decorator is None else task
        return index.by_class.get((target.module.path, target.scope))
    if isinstance(target, Variable):
        given = [a for a in target.assignments if a.op == "=" and a.target[0] == "name"]
        if len(given) != 1 or given[0].value[0] != "call":
            return None
        return task_made_by(project, given[0].value, target.module, target.scope)
    return None


def task_made_by(project: Project, call: Expr, module: LinkedModule, scope: int) -> Task | None:
    """The task that a call gives: `app.register_task(Cls())`, `shared_task(function)`, `Cls()`
    of a registered class, `app.tasks[...]` is not one."""
    index = index_of(project)
    task = index.by_place.get((module.path, call[1][0], call[1][1]))
    if task is not None and tuple(task.span) == tuple(call[1]):
        return task
    if call[3] and _called_name(call[2]) in ("register_task", "register"):
        cls = index.class_of(call[3][0], module, scope)
    else:
        cls = index.class_of(call, module, scope)
    return None if cls is None else index.by_class.get((cls.module.path, cls.scope))


def task_with_body(project: Project, function: Definition) -> Task | None:
    """The task whose body a function is, whatever name the task itself has."""
    return index_of(project).by_body.get((function.module.path, function.scope))


def matches_name(task: Task, text: str) -> bool:
    """Whether a name in a schedule, route or `send_task` may mean this task.

    The folder that imports start from may lie deeper or higher than the project shows, so for
    a name that Celery made up a longer or shorter prefix is tolerated."""
    if task.name is None:
        return False
    if task.name == text:
        return True
    if not task.auto_named:
        return False
    return task.name.endswith(f".{text}") or text.endswith(f".{task.name}")


def tasks_named(project: Project, name: str) -> list[Task]:
    """The tasks of exactly that name, else those that it may mean (see `matches_name`)."""
    exact = index_of(project).named().get(name)
    if exact:
        return list(exact)
    last = name.rpartition(".")[2]
    return [
        task for task in index_of(project).tasks if task.shown == last and matches_name(task, name)
    ]


def registry_closed(project: Project) -> bool:
    """Whether every task of the project is known by its name, so that a name which none of them
    has is the name of no task: all files could be read, no name is computed, no registration is
    dynamic."""
    return project.once(_registry_closed, project)


def _registry_closed(project: Project) -> bool:
    index = index_of(project)
    return not any(
        [
            any(module.facts.problem for module in project.modules),
            any(task.name is None for task in index.tasks),
            any(_dynamic_registrations(project)),
        ]
    )


def _dynamic_registrations(project: Project) -> Iterator[Where]:
    """Calls that register what cannot be followed, and decorators that may make tasks."""
    index = index_of(project)
    for module in project.modules:
        for expression in module.facts.expressions:
            call = expression.expr
            if call[0] == "call" and _called_name(call[2]) == "register_task":
                if not call[3] or index.class_of(call[3][0], module, expression.scope) is None:
                    yield Where(module, call[1])
        for scope in module.facts.scopes:
            for decorator in scope.decorators:
                callee = decorator[2] if decorator[0] == "call" else decorator
                name = _called_name(callee) or ""
                if scope.kind != "function" or not name.lower().endswith("task"):
                    continue
                target = index.project.names.resolve(callee, module, scope.parent)
                if isinstance(target, Nothing) and not isinstance(
                    index.decorators.effect(decorator, module, scope.parent), NewTask
                ):
                    yield Where(module, decorator[1])
