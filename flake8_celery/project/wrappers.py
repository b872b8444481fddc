"""What a decorator makes of a function: a task, the same function, another function.

`@shared_task` and `@app.task` are rarely alone: projects wrap them in functions, classes and
partials of their own.  A wrapper is followed as a function: its parameters are bound to what the
decorator passes, and what it returns decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..facts import Assignment, Expr
from ..rule import Where
from .apps import App, app_of, app_of_expr, unresolved_app_like
from .names import Definition, External, LinkedModule, ParameterRef, Target, Variable
from .values import Const, Mapping, Ref, Unknown, Value, flatten

if TYPE_CHECKING:
    from . import Project

SHARED_TASK = "celery.shared_task"
PARTIALS = frozenset({"functools.partial"})
# What these give is the function they are given, as far as Celery's use of it is concerned.
TRANSPARENT_CALLS = frozenset({"functools.wraps", "functools.update_wrapper"})
#: Decorators that give the very function they are given.
GIVES_SAME = frozenset(
    """typing.no_type_check typing.final typing.override typing_extensions.override
    typing_extensions.final builtins.staticmethod""".split()
)
#: Decorators of the standard library and of frameworks that hand on whatever they are called
#: with, so that the function's parameters count only where it runs.
HANDS_ON = frozenset(
    """typing_extensions.deprecated warnings.deprecated functools.lru_cache functools.cache
    django.db.transaction.atomic django_scopes.scopes_disabled
    edx_django_utils.monitoring.set_code_owner_attribute""".split()
)
KEEPS_PARAMETERS = GIVES_SAME | HANDS_ON
DEEPEST = 40


class Options(NamedTuple):
    """Keywords that a decorator gives: values, and the place of each keyword.

    `open`: there may be more, under names that are not known."""

    values: dict[str, Value]
    places: dict[str, Where]
    open: bool

    def plus(self, other: Options) -> Options:
        """These, and the others over them."""
        return Options(
            {**self.values, **other.values},
            {**self.places, **other.places},
            self.open or other.open,
        )


NO_OPTIONS = Options({}, {}, False)


class Maker(NamedTuple):
    """Something that makes a task of a function: `shared_task`, `app.task`, with options given.

    `app` is None for `shared_task` and where the app is not known."""

    shared: bool
    app: App | None
    options: Options
    wrapped: bool = False


class Given(NamedTuple):
    """The very function that is decorated."""


class Never(NamedTuple):
    """What does not happen: None, passed as the function, is not called in that branch."""


class Closure(NamedTuple):
    """A function of the project, with what its surroundings hold.

    `around` says that it took the place of the decorated function."""

    definition: Definition
    env: Env


class Partial(NamedTuple):
    """`functools.partial` of a function of the project."""

    closure: Closure
    options: Options


class Instance(NamedTuple):
    """An object of a class of the project that is called as a decorator."""

    cls: Definition
    arguments: Arguments


class Rest(NamedTuple):
    """What a `*args` or a `**kwargs` parameter holds."""

    positional: tuple[Meaning, ...]
    options: Options


class NewTask(NamedTuple):
    """A task, made of the decorated function (`direct`) or of another one around it.

    `same_name` says that the other one carries the decorated function's name."""

    maker: Maker
    direct: bool
    same_name: bool


Meaning = Maker | Given | Never | Closure | Partial | Instance | Rest | NewTask | App | Value | None
Env = dict[tuple[str, int, str], Meaning]


class Arguments(NamedTuple):
    """What a call passes.  `open`: more positional arguments may come."""

    positional: tuple[Meaning, ...]
    options: Options
    open: bool


GIVEN = Given()
THE_FUNCTION = Arguments((GIVEN,), NO_OPTIONS, False)


class Decorators:
    """Follows the decorators of one project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.extra = frozenset(project.options.get("task-decorators") or ())
        self._under_way: list[tuple[str, int]] = []
        self._depth = 0

    def effect(self, decorator: Expr, module: LinkedModule, scope: int) -> Meaning:
        """What a decorator makes of the function below it, where it stands in `scope`:
        a NewTask, GIVEN for the same function, a Closure for a function of the project around
        it, or None when that is not known."""
        if not self.may_matter(decorator):
            return None
        meaning = self.meaning(decorator, module, scope, {})
        return self.apply(meaning, THE_FUNCTION)

    @staticmethod
    def may_matter(decorator: Expr) -> bool:
        """A cheap test that leaves out the decorators that everybody knows."""
        callee = decorator[2] if decorator[0] == "call" else decorator
        return not (callee[0] == "name" and callee[2] in COMMON)

    # Meanings

    def meaning(self, expr: Expr, module: LinkedModule, scope: int, env: Env) -> Meaning:
        """What an expression gives, as far as decorators are concerned."""
        if self._depth > DEEPEST:
            return None
        self._depth += 1
        try:
            if expr[0] == "name":
                return self._of_name(expr, module, scope, env)
            if expr[0] == "attr":
                return self._of_attribute(expr, module, scope, env)
            if expr[0] == "call":
                return self._of_call(expr, module, scope, env)
            if expr[0] == "lambda":
                return Closure(Definition(module, expr[2]), env)
            if expr[0] in ("if", "bool"):
                return self._one_of(expr, module, scope, env)
            if expr[0] == "sub" and expr[3][0] == "const" and expr[3][2] == 0:
                held = self.meaning(expr[2], module, scope, env)
                return held.positional[0] if isinstance(held, Rest) and held.positional else None
            return None
        finally:
            self._depth -= 1

    def _of_name(self, expr: Expr, module: LinkedModule, scope: int, env: Env) -> Meaning:
        return self._of_target(self.project.names.resolve(expr, module, scope), env)

    def _of_target(self, target: Target, env: Env) -> Meaning:
        if isinstance(target, External):
            if target.name == SHARED_TASK:
                return Maker(True, None, NO_OPTIONS)
            if target.name in self.extra:
                return Maker(True, None, Options({}, {}, True), wrapped=True)
            owner, _, name = target.name.rpartition(".")
            if name == "task" and owner:
                app = app_of(self.project, External(owner))
                if app is not None or owner == "celery.current_app":
                    return Maker(False, app, NO_OPTIONS)
            return None
        if isinstance(target, ParameterRef):
            return env.get((target.module.path, target.scope, target.name))
        if isinstance(target, Variable):
            return self._of_variable(target, env)
        if isinstance(target, Definition):
            if target.qualified_name in self.extra:
                return Maker(True, None, Options({}, {}, True), wrapped=True)
            return self._of_definition(target, env)
        return None

    def _of_variable(self, variable: Variable, env: Env) -> Meaning:
        key = (variable.module.path, variable.scope, variable.name)
        if key in env:
            return env[key]
        given = [a for a in variable.assignments if a.op == "="]
        if len(given) != 1 or given[0].target[0] != "name":
            return None
        return self.of_assignment(given[0], variable.name, variable.module, env)

    def of_assignment(
        self, assignment: Assignment, name: str, module: LinkedModule, env: Env
    ) -> Meaning:
        """What `name = ...` makes of the name; the name itself, on the right, is the one that
        was there before: `shared_task = shared_task(base=X)`."""
        value = assignment.value
        if value[0] not in ("call", "lambda", "if", "name", "attr"):
            return None
        return self.meaning(
            seen_before(value, name, assignment.span[0]), module, assignment.scope, env
        )

    def _of_definition(self, target: Definition, env: Env) -> Meaning:
        facts = target.facts
        made: Meaning = Closure(target, surroundings(target, env))
        if facts.kind == "class":
            return made
        for decorator in reversed(facts.decorators):
            callee = decorator[2] if decorator[0] == "call" else decorator
            known = self.project.names.resolve(callee, target.module, facts.parent)
            if isinstance(known, External) and (
                known.name in TRANSPARENT_CALLS or known.name in KEEPS_PARAMETERS
            ):
                continue
            effect = self.meaning(decorator, target.module, facts.parent, env)
            if effect is None:
                return None
            made = self.apply(effect, Arguments((made,), NO_OPTIONS, False))
        return made

    def _of_attribute(self, expr: Expr, module: LinkedModule, scope: int, env: Env) -> Meaning:
        base, name = expr[2], expr[3]
        found = self._of_name(expr, module, scope, env)
        if found is not None:
            return found
        app = self._app(base, module, scope, env)
        if app is not None:
            own = self._own_method(app, name)
            if own is not None and not _is_super(base):
                key = self_key(own)
                return Closure(own, {key: app} if key else {})
            return Maker(False, app, NO_OPTIONS) if name == "task" else None
        if name in ("task", "shared_task") and unresolved_app_like(
            self.project, module, scope, base
        ):
            return Maker(False, None, NO_OPTIONS)
        return None

    def _app(self, expr: Expr, module: LinkedModule, scope: int, env: Env) -> App | None:
        if _is_super(expr):
            method = module.enclosing_function(scope)
            parameters = module.facts.scopes[method].parameters
            key = (module.path, method, parameters[0].name if parameters else "")
            held = env.get(key)
            return held if isinstance(held, App) else None
        if expr[0] in ("name", "attr"):
            target = self.project.names.resolve(expr, module, scope)
            if isinstance(target, ParameterRef):
                held = env.get((target.module.path, target.scope, target.name))
                if isinstance(held, App):
                    return held
        return app_of_expr(self.project, module, scope, expr)

    def _own_method(self, app: App, name: str) -> Definition | None:
        if not isinstance(app.cls, Definition):
            return None
        found = self.project.names.class_attribute(app.cls, name)
        if isinstance(found, Definition) and found.facts.kind == "function":
            return found
        return None

    def _one_of(self, expr: Expr, module: LinkedModule, scope: int, env: Env) -> Meaning:
        parts = expr[3:5] if expr[0] == "if" else expr[3]
        passed = any(_is_function(held) for held in env.values())
        return agreed([self.meaning(part, module, scope, env) for part in parts], passed)

    def _of_call(self, expr: Expr, module: LinkedModule, scope: int, env: Env) -> Meaning:
        callee = expr[2]
        if callee[0] in ("name", "attr"):
            target = self.project.names.resolve(callee, module, scope)
            if isinstance(target, External):
                if target.name in PARTIALS and expr[3]:
                    return self._partial(expr, module, scope, env)
                if target.name in TRANSPARENT_CALLS:
                    return None
        meaning = self.meaning(callee, module, scope, env)
        if meaning is None:
            return None
        return self.apply(meaning, self.arguments(expr, module, scope, env))

    def _partial(self, expr: Expr, module: LinkedModule, scope: int, env: Env) -> Meaning:
        inner = self.meaning(expr[3][0], module, scope, env)
        given = self.arguments((*expr[:3], expr[3][1:], *expr[4:]), module, scope, env)
        if isinstance(inner, Maker) and not given.positional:
            return inner._replace(options=inner.options.plus(given.options))
        if isinstance(inner, Closure) and not given.positional:
            return Partial(inner, given.options)
        return None

    # Calls

    def arguments(self, call: Expr, module: LinkedModule, scope: int, env: Env) -> Arguments:
        """What a call passes, taken apart."""
        positional: list[Meaning] = []
        open = False
        for argument in call[3]:
            if argument[0] != "star":
                positional.append(self.argument(argument, module, scope, env))
                continue
            held = self.meaning(argument[2], module, scope, env)
            if isinstance(held, Rest):
                positional += held.positional
            else:
                open = True
        options = NO_OPTIONS
        for keyword, value, span in call[4]:
            if keyword is None:
                options = options.plus(self.mapping(value, module, scope, env))
            else:
                item = self.value(value, module, scope, env)
                where = Where(module, span)
                options = options.plus(Options({keyword: item}, {keyword: where}, False))
        return Arguments(tuple(positional), options, open)

    def argument(self, expr: Expr, module: LinkedModule, scope: int, env: Env) -> Meaning:
        """A positional argument: the decorated function, a function of the project, or data."""
        meaning = self.meaning(expr, module, scope, env)
        return self.project.values.evaluate(expr, module, scope) if meaning is None else meaning

    def value(self, expr: Expr, module: LinkedModule, scope: int, env: Env) -> Value:
        """The value of a keyword, parameters of the wrapper put in."""
        if env and expr[0] == "name":
            target = self.project.names.resolve(expr, module, scope)
            if isinstance(target, ParameterRef):
                held = env.get((target.module.path, target.scope, target.name))
                if isinstance(held, Value):
                    return held
        given = self._given_to_self(expr, module, scope, env)
        if given is not None:
            return self.value(*given)
        if expr[0] == "attr" and expr[3] == "Task":
            from .tasks import class_of_app

            app = self._app(expr[2], module, scope, env)
            if app is not None:
                return Ref(Where(module, expr[1]), class_of_app(app))
        return self.project.values.evaluate(expr, module, scope)

    def _given_to_self(
        self, expr: Expr, module: LinkedModule, scope: int, env: Env
    ) -> tuple[Expr, LinkedModule, int, Env] | None:
        """The expression that `__init__` of a decorator's class gives to `self.name`."""
        if expr[0] != "attr" or expr[2][0] != "name":
            return None
        target = self.project.names.resolve(expr[2], module, scope)
        if not isinstance(target, ParameterRef):
            return None
        held = env.get((target.module.path, target.scope, target.name))
        if not isinstance(held, Instance):
            return None
        init = self.project.names.class_attribute(held.cls, "__init__")
        if not isinstance(init, Definition) or not init.facts.parameters:
            return None
        positional = (held, *held.arguments.positional)
        inner = bound(Closure(init, {}), held.arguments._replace(positional=positional))
        given = [
            change
            for method in (init, Definition(target.module, target.scope))
            for change in method.module.changes(method.scope, method.facts.parameters[0].name)
            if _passes(change.target, expr[3])
        ]
        if inner is None or len(given) != 1 or given[0].op != "=" or given[0].block:
            return None
        if given[0].target[0] != "attr" or given[0].target[2][0] != "name":
            return None
        return given[0].value, init.module, init.scope, inner

    def mapping(self, expr: Expr, module: LinkedModule, scope: int, env: Env) -> Options:
        """What `**expr` passes."""
        if expr[0] == "dict":
            options = NO_OPTIONS
            for key, value in expr[2]:
                if key is None:
                    options = options.plus(self.mapping(value, module, scope, env))
                elif key[0] == "const" and isinstance(key[2], str):
                    item = self.value(value, module, scope, env)
                    where = Where(module, key[1])
                    options = options.plus(Options({key[2]: item}, {key[2]: where}, False))
                else:
                    options = options._replace(open=True)
            return options
        if expr[0] == "name":
            target = self.project.names.resolve(expr, module, scope)
            if isinstance(target, ParameterRef):
                return self._rest(target, expr, env)
        given = self._given_to_self(expr, module, scope, env)
        if given is not None:
            return self.mapping(*given)
        value = self.project.values.evaluate(expr, module, scope)
        if not isinstance(value, Mapping):
            return Options({}, {}, True)
        options = Options({}, {}, value.open)
        for entry in value.entries:
            if isinstance(entry.key, Const) and isinstance(entry.key.constant, str):
                name = entry.key.constant
                options = options.plus(Options({name: entry.item}, {name: entry.where}, False))
            else:
                options = options._replace(open=True)
        return options

    def _rest(self, parameter: ParameterRef, expr: Expr, env: Env) -> Options:
        """What a wrapper's `**kwargs` holds after the wrapper's own changes to it."""
        module, scope = parameter.module, parameter.scope
        held = env.get((module.path, scope, parameter.name))
        if not isinstance(held, Rest):
            return Options({}, {}, True)
        options = held.options
        inner = [
            number
            for number, s in enumerate(module.facts.scopes)
            if number == scope or s.parent == scope
        ]
        for number in inner:
            for change in module.changes(number, parameter.name):
                if change.span[0] <= expr[1][0]:
                    options = self._changed(options, change, module, env)
        return options

    def _changed(
        self, options: Options, change: Assignment, module: LinkedModule, env: Env
    ) -> Options:
        scope, target = change.scope, change.target
        doubtful = bool(change.block)
        if change.op == "=" and target[0] == "sub" and target[3][0] == "const":
            name = target[3][2]
            value: Expr | None = change.value
        elif change.op == ".setdefault" and change.value[3] and change.value[3][0][0] == "const":
            name = change.value[3][0][2]
            if name in options.values and not doubtful:
                return options
            value = change.value[3][1] if len(change.value[3]) > 1 else None
        elif change.op == ".update" and not doubtful:
            return options.plus(self.arguments(change.value, module, scope, env).options)
        elif change.op == ".pop" and change.value[3] and change.value[3][0][0] == "const":
            name = change.value[3][0][2]
            values = {k: v for k, v in options.values.items() if k != name}
            return options._replace(values=values)
        else:
            return options._replace(open=True)
        if not isinstance(name, str) or value is None:
            return options._replace(open=True)
        item = self.value(value, module, scope, env)
        if doubtful:
            before = options.values.get(name, Unknown(item.where, "set in a branch"))
            item = flatten(item.where, [before, item])
        return options.plus(Options({name: item}, {name: Where(module, change.span)}, False))

    def apply(self, meaning: Meaning, arguments: Arguments) -> Meaning:
        """What calling something gives."""
        if isinstance(meaning, Maker):
            return self._make(meaning, arguments)
        if isinstance(meaning, Partial):
            both = meaning.options.plus(arguments.options)
            return self.apply(meaning.closure, arguments._replace(options=both))
        if isinstance(meaning, Closure):
            if meaning.definition.facts.kind == "class":
                return Instance(meaning.definition, arguments)
            return self._call(meaning, arguments)
        if isinstance(meaning, Instance):
            method = self.project.names.class_attribute(meaning.cls, "__call__")
            if isinstance(method, Definition) and method.facts.kind == "function":
                given = arguments._replace(positional=(meaning, *arguments.positional))
                return self._call(Closure(method, {}), given)
        return None

    def _make(self, maker: Maker, arguments: Arguments) -> Meaning:
        made = maker._replace(options=maker.options.plus(arguments.options))
        if not arguments.positional:
            # An unknown `*args` is empty in every decorator that is called with keywords.
            return made
        if len(arguments.positional) > 1:
            return None
        first = arguments.positional[0]
        if isinstance(first, Given):
            return NewTask(made, True, True)
        if isinstance(first, Closure):
            return NewTask(made, False, self._keeps_name(first))
        if isinstance(first, Const) and first.constant is None:
            return Never()
        if isinstance(first, Value) and not isinstance(first, Const):
            return NewTask(made, False, False)
        return None

    def _keeps_name(self, closure: Closure) -> bool:
        """Whether a function is decorated with `functools.wraps(function)`."""
        facts = closure.definition.facts
        for decorator in facts.decorators:
            if decorator[0] == "call":
                target = self.project.names.resolve(
                    decorator[2], closure.definition.module, facts.parent
                )
                if target == External("functools.wraps"):
                    return True
        return False

    def _call(self, closure: Closure, arguments: Arguments) -> Meaning:
        definition = closure.definition
        facts = definition.facts
        key = (definition.module.path, definition.scope)
        if self._under_way.count(key) > 1 or not facts.returns or "async" in facts.flags:
            return None
        env = bound(closure, arguments)
        if env is None:
            return None
        self._under_way.append(key)
        try:
            meanings = [
                self.meaning(value, definition.module, definition.scope, env)
                for value in facts.returns
            ]
        finally:
            self._under_way.pop()
        passed = any(_is_function(held) for held in env.values())
        return wrapped(agreed(meanings, passed))


def wrapped(meaning: Meaning) -> Meaning:
    """Marks a maker or task as one that came through a wrapper."""
    if isinstance(meaning, Maker):
        return meaning._replace(wrapped=True)
    if isinstance(meaning, NewTask):
        return meaning._replace(maker=meaning.maker._replace(wrapped=True))
    return meaning


def agreed(meanings: list[Meaning], passed: bool) -> Meaning:
    """What a function gives that returns one of several things.

    A wrapper that also works without parentheses returns a task in one branch and a decorator in
    the other; whether a function was `passed` decides."""
    meanings = [meaning for meaning in meanings if not isinstance(meaning, Never)]
    tasks = [meaning for meaning in meanings if isinstance(meaning, NewTask)]
    if not passed and len(tasks) < len(meanings):
        meanings = [meaning for meaning in meanings if not isinstance(meaning, NewTask)]
    elif tasks:
        maker = _common_maker([task.maker for task in tasks])
        direct = all(task.direct for task in tasks)
        return maker and NewTask(maker, direct, all(task.same_name for task in tasks))
    makers = [meaning for meaning in meanings if isinstance(meaning, Maker)]
    if makers:
        return _common_maker(makers)
    rest = [meaning for meaning in meanings if not isinstance(meaning, Value)]
    if not rest or rest[0] is None:
        return None
    if isinstance(rest[0], (Closure, Partial)):
        return rest[0]
    return rest[0] if all(meaning == rest[0] for meaning in meanings) else None


def _is_function(held: Meaning) -> bool:
    if isinstance(held, Rest):
        return any(_is_function(item) for item in held.positional)
    return isinstance(held, (Given, Closure))


def _common_maker(makers: list[Maker]) -> Maker | None:
    first = makers[0]
    if any(maker.shared != first.shared or maker.app is not first.app for maker in makers):
        return None
    values = {
        name: value
        for name, value in first.options.values.items()
        if all(maker.options.values.get(name) is value for maker in makers)
    }
    same = all(len(maker.options.values) == len(values) for maker in makers)
    open = not same or any(maker.options.open for maker in makers)
    return first._replace(options=Options(values, first.options.places, open))


def bound(closure: Closure, arguments: Arguments) -> Env | None:
    """The parameters of a function with what a call passes; None when it cannot be called so."""
    module, scope = closure.definition.module, closure.definition.scope
    env: Env = dict(closure.env)
    left = list(arguments.positional)
    options = dict(arguments.options.values)
    for parameter in closure.definition.facts.parameters:
        key = (module.path, scope, parameter.name)
        if key in closure.env:
            continue  # The `self` of a bound method.
        if parameter.kind == "*":
            env[key] = Rest(tuple(left), NO_OPTIONS)
            left = []
        elif parameter.kind == "**":
            places = {k: v for k, v in arguments.options.places.items() if k in options}
            env[key] = Rest((), Options(options, places, arguments.options.open))
            options = {}
        elif parameter.kind != "keyword" and left:
            env[key] = left.pop(0)
        elif parameter.name in options:
            env[key] = options.pop(parameter.name)
        elif parameter.default is not None and parameter.default[0] == "const":
            default = parameter.default
            env[key] = Const(Where(module, default[1]), default[2])
    return None if left else env


def surroundings(definition: Definition, env: Env) -> Env:
    """What of an environment a function defined in it can see."""
    scopes = definition.module.facts.scopes
    around: set[int] = set()
    scope = definition.facts.parent
    while scope > 0:
        around.add(scope)
        scope = scopes[scope].parent
    path = definition.module.path
    return {key: held for key, held in env.items() if key[0] == path and key[1] in around}


def seen_before(expr: Expr, name: str, row: int) -> Expr:
    """`expr` with the name at its head meant as it was above `row`."""
    if expr[0] == "name" and expr[2] == name:
        return ("name", (row - 1, *expr[1][1:]), name)
    if expr[0] == "attr":
        return (*expr[:2], seen_before(expr[2], name, row), expr[3])
    if expr[0] == "call":
        arguments = [seen_before(argument, name, row) for argument in expr[3]]
        return (*expr[:2], seen_before(expr[2], name, row), arguments, expr[4])
    return expr


def self_key(method: Definition) -> tuple[str, int, str] | None:
    """The key of a method's `self` in an environment."""
    parameters = method.facts.parameters
    return (method.module.path, method.scope, parameters[0].name) if parameters else None


def _passes(expr: Expr, attribute: str) -> bool:
    """Whether an attribute or subscript chain passes this attribute."""
    while expr[0] in ("attr", "sub"):
        if expr[0] == "attr" and expr[3] == attribute:
            return True
        expr = expr[2]
    return False


def _is_super(expr: Expr) -> bool:
    return bool(expr[0] == "call" and expr[2][0] == "name" and expr[2][2] == "super")


COMMON = frozenset("property staticmethod classmethod dataclass override cached_property".split())
