"""Expressions to what is known of them.

`evaluate` never runs anything: it folds literals and arithmetic, follows names, builds dicts and
lists as the module would, and keeps what it cannot know as an `Unknown` with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..facts import Assignment, Expr
from ..rule import Where
from .environment import SOURCE, is_reader, looked_up
from .names import (
    Definition,
    External,
    LinkedModule,
    ModuleRef,
    Names,
    Nothing,
    ParameterRef,
    Target,
    Variable,
    sole_value,
)
from .values import (
    MOST_ALTERNATIVES,
    Const,
    Items,
    Made,
    Mapping,
    OneOf,
    Ref,
    Text,
    Typed,
    Unknown,
    Value,
    doubtful,
    each,
    flatten,
    merge,
    put,
    truth_of,
)

if TYPE_CHECKING:
    from .bodies import Body
    from .inference import Inference

DEEPEST = 60
LONGEST_TEXT = 10_000
LARGEST_POWER = 64


Lookup = Callable[[str, Where], Value | None]


# What changes a dict or list itself, rather than give its name another value.
IN_PLACE = frozenset(
    "+= |= .update .setdefault .append .extend .insert .pop .remove .clear .add".split()
)
# A comprehension over more items than this is not expanded.
MOST_ROUNDS = 200
# Each change of a dict makes a new one, so that many of them take long.
MOST_CHANGES = 1_000


class Values:
    """Evaluates expressions of one project.

    `outside` may give the value of a dotted name outside the modules (`django.conf.settings.X`),
    or None where it knows nothing."""

    def __init__(self, names: Names, outside: Lookup) -> None:
        self.names = names
        self.outside = outside
        #: The name of the task that a function is, if it is one and the name is known.
        self.task_name: Callable[[Definition], str | None] = lambda function: None
        #: The second evaluator, loaded where it is needed, and what tells where that is.
        self.inference: Callable[[], Inference] | None = None
        self.body: Callable[[Definition], Body]
        self.changed_inside: Callable[[Variable], bool] = lambda variable: False
        # Whether dicts and lists of functions may hold something else by now.
        self._doubting = False
        self._depth = 0
        self._known: dict[tuple[str, int, str, int, int], Value] = {}
        self._under_way: set[tuple[str, int, str, int, int]] = set()

    def evaluate(self, expr: Expr, module: LinkedModule, scope: int) -> Value:
        """What is known of an expression that stands in `scope` of `module`."""
        where = Where(module, expr[1])
        if self._depth > DEEPEST:
            return Unknown(where, "too deeply nested")
        method = EVALUATORS.get(expr[0])
        if method is None:
            return Unknown(where, f"not a value: {expr[0]}")
        self._depth += 1
        try:
            return method(self, expr, where, scope)
        finally:
            self._depth -= 1

    # Literals

    def _const(self, expr: Expr, where: Where, scope: int) -> Value:
        return Const(where, expr[2])

    def _bytes(self, expr: Expr, where: Where, scope: int) -> Value:
        return Const(where, expr[2].encode("latin-1"))

    def _display(self, expr: Expr, where: Where, scope: int) -> Value:
        items: list[Value] = []
        open = False
        for item in expr[2]:
            if item[0] != "star":
                items.append(self.evaluate(item, where.module, scope))
                continue
            inner = self.evaluate(item[2], where.module, scope)
            if isinstance(inner, Items):
                items += inner.items
                open = open or inner.open
            else:
                open = True
        return Items(where, expr[0], items, open)

    def _dict(self, expr: Expr, where: Where, scope: int) -> Value:
        mapping = Mapping(where, [], False)
        for key, value in expr[2]:
            item = self.evaluate(value, where.module, scope)
            if key is None:
                merge(mapping, item)
            else:
                item = self.held(value, where.module, scope)
                put(mapping, self.evaluate(key, where.module, scope), item)
        return mapping

    def held(self, expr: Expr, module: LinkedModule, scope: int) -> Value:
        """The value of an expression that something keeps: where it is a name, what is changed
        in the very dict or list later on, up to the end of the module, counts as well."""
        value = self.evaluate(expr, module, scope)
        if expr[0] != "name" or not isinstance(value, (Mapping, Items)):
            return value
        bindings = module.bindings(scope, expr[2])
        for change in module.changes(scope, expr[2]):
            if change.span[0] <= expr[1][0]:
                continue
            if any(expr[1][0] < binding.row <= change.span[0] for binding in bindings):
                break
            if change.op in IN_PLACE or change.target[0] == "sub":
                if isinstance(value, (Mapping, Items)) and getattr(value, "kind", "") != "tuple":
                    certain = not any(module.blocks_around(change.block))
                    value = self.changed(value, change, module, scope, certain)
        return value

    def _text(self, expr: Expr, where: Where, scope: int) -> Value:
        parts: list[Value] = [
            Const(where, part)
            if isinstance(part, str)
            else self.evaluate(part, where.module, scope)
            for part in expr[2]
        ]
        return joined(where, parts)

    # Names

    def _name(self, expr: Expr, where: Where, scope: int) -> Value:
        if expr[0] == "attr":
            base = self.names.resolve(expr[2], where.module, scope)
            if expr[3] in ("value", "name") and isinstance(base, Variable):
                member = self._enum_member(base, expr[3], where)
                if member is not None:
                    return member
            if expr[3] == "name" and isinstance(base, Definition):
                name = self.task_name(base)
                if name is not None:
                    return Const(where, name)
            if isinstance(base, (Variable, Nothing)) and expr[2][0] not in ("name", "attr"):
                return Unknown(where, f"attribute `{expr[3]}` of a value")
            if isinstance(base, Variable):
                found = self._instance_attribute(base, expr[3], where)
                if found is None and expr[3] == "value":
                    found = self._setting_value(base, where)
                if found is not None:
                    return found
        value = self.value_of(self.names.resolve(expr, where.module, scope), where)
        if expr[0] == "name" and isinstance(value, (Const, Mapping, Items)):
            return self._changed_here(value, expr, where.module, scope)
        return value

    def _changed_here(self, value: Value, expr: Expr, module: LinkedModule, scope: int) -> Value:
        """What an imported name stands for, after the changes that its importer makes to it."""
        name, row = expr[2], expr[1][0]
        at = scope
        while at > 0 and not module.bindings(at, name):
            at = module.facts.scopes[at].parent
        changes = module.changes(max(at, 0), name)
        bindings = module.bindings(max(at, 0), name)
        if not changes or (bindings and bindings[-1].kind != "import"):
            return value
        for change in changes:
            if at != scope or change.span[0] < row:
                certain = not any(module.blocks_around(change.block))
                value = self.changed(value, change, module, change.scope, certain)
        return value

    def _instance_attribute(self, variable: Variable, name: str, where: Where) -> Value | None:
        """`settings.name` of `settings = Settings()`, where the class gives the attribute: as it
        is written, or as the default of what pydantic reads from the environment."""
        made = self.value_of_variable(variable)
        if not isinstance(made, Made) or not isinstance(made.callee, Definition):
            return None
        bases = self.names.bases(made.callee)
        pydantic = any(isinstance(b, External) and b.name in SETTINGS_CLASSES for b in bases)
        own = [base for base in bases if isinstance(base, Definition)]
        if any(base.module.bindings(base.scope, "__init__") for base in own):
            return None
        for base in own:
            if base.module.bindings(base.scope, name):
                target = self.names.lookup(name, base.module, base.scope)
                if not isinstance(target, Variable):
                    return None
                value = self.value_of_variable(target)
                if not pydantic:
                    return value if len(own) == len(bases) else None
                if isinstance(value, Const):
                    return Typed(where, type(value.constant).__name__, value, SOURCE)
                return Typed(where, "object", None, SOURCE)
        return None

    def _setting_value(self, variable: Variable, where: Where) -> Value | None:
        """`setting.value` of `setting = namespace.add_setting(default=...)`: what the project's own
        settings give, by default what is written there."""
        made = sole_value(variable)
        if made is None or made[0] != "call" or made[2][0] not in ("name", "attr"):
            return None
        if "setting" not in made[2][-1].lower():
            return None
        for keyword, given, _ in made[4]:
            if keyword == "default":
                default = self.evaluate(given, variable.module, variable.scope)
                known = isinstance(default, Const)
                kind = type(default.constant).__name__ if isinstance(default, Const) else "object"
                return Typed(where, kind, default if known else None, "a setting")
        return None

    def _enum_member(self, variable: Variable, attribute: str, where: Where) -> Value | None:
        """`Color.RED.value` and `.name` of an enum class of the project."""
        facts = variable.module.facts.scopes[variable.scope]
        if facts.kind != "class":
            return None
        bases = self.names.bases(Definition(variable.module, variable.scope))
        if not any(isinstance(b, External) and b.name in ENUMS for b in bases):
            return None
        if attribute == "name":
            return Const(where, variable.name)
        return self.value_of_variable(variable)

    def value_of(self, target: Target, where: Where) -> Value:
        """The value that a resolved name stands for."""
        if isinstance(target, Variable):
            value = self.value_of_variable(target)
            return _emptied(value) if self._doubting and target.scope else value
        if isinstance(target, External):
            known = self.outside(target.name, where)
            return known if known is not None else Ref(where, target)
        if isinstance(target, (Definition, ModuleRef)):
            return Ref(where, target)
        if isinstance(target, ParameterRef):
            return Unknown(where, f"parameter `{target.name}`")
        return Unknown(where, target.why)

    def value_of_variable(self, variable: Variable) -> Value:
        """What a variable holds after its assignments, the later ones changing the earlier."""
        last = variable.assignments[-1].span
        key = (variable.module.path, variable.scope, variable.name, last[0], last[1])
        known = self._known.get(key)
        if known is not None:
            return known
        where = Where(variable.module, variable.assignments[0].target[1])
        if key in self._under_way:
            return Unknown(where, f"`{variable.name}` is defined by itself")
        self._under_way.add(key)
        try:
            value = self._run(variable, where)
        finally:
            self._under_way.discard(key)
        if not self._under_way:
            self._known[key] = value
        return value

    def _run(self, variable: Variable, where: Where) -> Value:
        possible: list[Value] = []
        if len(variable.assignments) > MOST_CHANGES:
            return Unknown(where, f"`{variable.name}` is changed too often")
        for assignment in variable.assignments:
            module, scope = variable.module, variable.scope
            if assignment.op == "=" and assignment.target[0] == "name":
                new = self.evaluate(assignment.value, module, scope)
                possible.append(new)
            elif assignment.op == "del":
                possible.append(Unknown(where, "deleted"))
            else:
                certain = not assignment.block or all(
                    (b.kind, b.arm) in (("try", "body"), ("with", "body"))
                    for b in module.blocks_around(assignment.block)
                )
                possible = [
                    self.changed(value, assignment, module, scope, certain) for value in possible
                ]
        value = flatten(where, possible)
        return self._at_top(variable, value, where) if variable.scope == 0 else value

    def _at_top(self, variable: Variable, value: Value, where: Where) -> Value:
        """The dict or list of a variable at the top of a module, which functions may change, and
        loops add to."""
        changes = variable.assignments
        if not isinstance(value, (Mapping, Items, OneOf)) or self.inference is None:
            return value
        if self.changed_inside(variable):
            return flatten(where, [_emptied(option) for option in value.alternatives()])
        changed = any(
            (a.target[0] == "sub" or a.op in IN_PLACE)
            and any(block.kind == "for" for block in variable.module.blocks_around(a.block))
            for a in changes
        )
        if changed and not value.known:
            return self.inference().variable(variable, where) or value
        return value

    def changed(
        self,
        value: Value,
        change: Assignment,
        module: LinkedModule,
        scope: int,
        certain: bool,
    ) -> Value:
        """`value` after an in-place change: `x += y`, `x[k] = v`, `x.update(y)`, ...

        `certain` is False for a change in a branch that may not run."""
        where = Where(module, change.span)
        target, op = change.target, change.op
        if target[0] == "attr":
            return value
        if target[0] == "sub":
            return self._item_set(value, change, where, scope, certain)
        if op == ".update" and isinstance(value, Mapping):
            copy = Mapping(value.where, list(value.entries), value.open)
            for argument in change.value[3]:
                merge(copy, self.evaluate(argument, module, scope), certain)
            for keyword, item, span in change.value[4]:
                new = self.evaluate(item, module, scope)
                if keyword is None:
                    merge(copy, new, certain)
                else:
                    put(copy, Const(Where(module, span), keyword), new, certain)
            return copy
        if op == "|=" and isinstance(value, Mapping):
            copy = Mapping(value.where, list(value.entries), value.open)
            merge(copy, self.evaluate(change.value, module, scope), certain)
            return copy
        if op.endswith("=") and op != "=":
            new = combine(where, op[:-1], value, self.evaluate(change.value, module, scope))
        elif op in (".append", ".add") and isinstance(value, Items) and change.value[3]:
            item = self.evaluate(change.value[3][0], module, scope)
            new = Items(value.where, value.kind, [*value.items, item], value.open)
        elif op == ".extend" and isinstance(value, Items) and change.value[3]:
            new = combine(where, "+", value, self.evaluate(change.value[3][0], module, scope))
        elif op == ".setdefault" and isinstance(value, Mapping) and len(change.value[3]) == 2:
            key, item = (self.evaluate(part, module, scope) for part in change.value[3])
            if not isinstance(key, Const) or value.open:
                return doubtful(value)
            if value.entry(key.constant) is not None:
                return value
            new = Mapping(value.where, list(value.entries), value.open)
            put(new, key, item)
        else:
            return doubtful(value)
        return new if certain else flatten(where, [value, new])

    def _item_set(
        self, value: Value, change: Assignment, where: Where, scope: int, certain: bool
    ) -> Value:
        """`value` after `x[k] = v`, or after a change of something inside `x[k]`."""
        if not isinstance(value, Mapping):
            return doubtful(value)
        target = change.target
        direct = change.op == "=" and target[2][0] == "name"
        while target[2][0] in ("sub", "attr"):
            target = target[2]
        if target[0] != "sub":
            return doubtful(value)
        key = self.evaluate(target[3], where.module, scope)
        copy = Mapping(value.where, list(value.entries), value.open)
        if direct:
            put(copy, key, self.evaluate(change.value, where.module, scope), certain)
        else:
            put(copy, key, Unknown(where, "changed in place"), certain=False)
        return copy

    # Operators

    def _binary(self, expr: Expr, where: Where, scope: int) -> Value:
        left = self.evaluate(expr[3], where.module, scope)
        right = self.evaluate(expr[4], where.module, scope)
        return combine(where, expr[2], left, right)

    def _unary(self, expr: Expr, where: Where, scope: int) -> Value:
        operand = self.evaluate(expr[3], where.module, scope)
        if expr[2] == "not":
            if isinstance(operand, Const):
                return Const(where, not operand.constant)
            return Typed(where, "bool", None, "a condition")
        if isinstance(operand, Const) and isinstance(operand.constant, (int, float)):
            number = operand.constant
            if expr[2] == "-":
                return Const(where, -number)
            if expr[2] == "+":
                return Const(where, +number)
            if isinstance(number, int):
                return Const(where, ~number)
        return Unknown(where, f"`{expr[2]}` of something")

    def _bool(self, expr: Expr, where: Where, scope: int) -> Value:
        """`a or b` is a when it is true, else b; what is not known may be either."""
        stop_on = expr[2] == "or"
        possible: list[Value] = []
        for operand in expr[3]:
            value = self.evaluate(operand, where.module, scope)
            truth = truth_of(value)
            last = operand is expr[3][-1]
            if truth is None or truth is stop_on or last:
                possible.append(value)
            if truth is stop_on:
                break
        return flatten(where, possible)

    def _compare(self, expr: Expr, where: Where, scope: int) -> Value:
        operands = [self.evaluate(part, where.module, scope) for part in expr[3]]
        if len(operands) == 2 and all(o.known for o in operands):
            left, right = operands[0].value, operands[1].value
            if expr[2][0] == "==":
                return Const(where, left == right)
            if expr[2][0] == "!=":
                return Const(where, left != right)
        return Typed(where, "bool", None, "a comparison")

    def _if(self, expr: Expr, where: Where, scope: int) -> Value:
        truth = truth_of(self.evaluate(expr[2], where.module, scope))
        branches = (expr[3], expr[4])
        if truth is not None:
            return self.evaluate(branches[0 if truth else 1], where.module, scope)
        return flatten(where, [self.evaluate(b, where.module, scope) for b in branches])

    def _subscript(self, expr: Expr, where: Where, scope: int) -> Value:
        base = self.names.resolve(expr[2], where.module, scope)
        if isinstance(base, External):
            if base.name == "os.environ":
                return Typed(where, "str", None, "the environment")
            return Unknown(where, f"an item of `{base.name}`")
        value = self.evaluate(expr[2], where.module, scope)
        key = self.evaluate(expr[3], where.module, scope)
        if not isinstance(key, Const):
            return Unknown(where, "an item under a key that is not known")
        if isinstance(value, Mapping):
            entry = value.entry(key.constant)
            if entry is not None and not value.open:
                return entry.item
        if isinstance(value, Items) and not value.open and isinstance(key.constant, int):
            try:
                return value.items[key.constant]
            except IndexError:
                pass
        return Unknown(where, "an item of something")

    # Calls

    def _call(self, expr: Expr, where: Where, scope: int) -> Value:
        callee = expr[2]
        if callee[0] == "attr":
            method = self._method(expr, callee, where, scope)
            if method is not None:
                return method
        target = self.names.resolve(callee, where.module, scope)
        if isinstance(target, External):
            if target.name.startswith("os."):
                found = self._environment(target.name, expr, where, scope)
                if found is not None:
                    return found
            args, kwargs, starred = self.arguments(expr, where.module, scope)
            built = BUILDERS.get(target.name)
            if built is not None and not starred:
                return built(where, args, kwargs)
            if target.name in NAMED_OBJECTS and len(args) + len(kwargs) == 1:
                return self._imported(where, [*args, *kwargs.values()][0])
            reader = Ref(where, target)
            if is_reader(reader):
                found = looked_up(reader, None, where, args, kwargs)
                if found is not None:
                    return found
            return Made(where, target.name, args, kwargs, starred)
        if isinstance(target, Definition):
            if target.facts.kind == "class":
                args, kwargs, starred = self.arguments(expr, where.module, scope)
                return Made(where, target, args, kwargs, starred)
            return self._result(target, expr, where, scope)
        found = self._library_look_up(callee, target, expr, where, scope)
        if found is not None:
            return found
        return Unknown(where, "the result of a call that cannot be followed")

    def _imported(self, where: Where, named: Value) -> Value:
        """What `import_string("package.module.name")` gives; of a text from outside, by default
        what its own default names."""
        if isinstance(named, Typed) and named.default is not None:
            found = self._imported(where, named.default)
            return Typed(where, "object", found, named.source) if isinstance(found, Ref) else found
        if not isinstance(named, Const) or not isinstance(named.constant, str):
            return Unknown(where, "an object whose name is not known")
        owner, _, name = named.constant.replace(":", ".").rpartition(".")
        if not owner:
            return Unknown(where, "an object whose name is not known")
        module = self.names.module_named(owner, where.module)
        return self.value_of(self.names.member(module, name, where.module), where)

    def _library_look_up(
        self, callee: Expr, target: Target, expr: Expr, where: Where, scope: int
    ) -> Value | None:
        """A look-up through a reader of the environment: `env("X")`, `env.bool("X")`."""
        method: str | None = None
        if not isinstance(target, Variable) and callee[0] == "attr":
            target, method = self.names.resolve(callee[2], where.module, scope), callee[3]
        if not isinstance(target, Variable):
            return None
        reader = self.value_of_variable(target)
        if not is_reader(reader):
            return None
        args, kwargs, _ = self.arguments(expr, where.module, scope)
        return looked_up(reader, method, where, args, kwargs)

    def returned(self, function: Definition, where: Where) -> Value:
        """What a function of the project returns, its parameters unknown."""
        facts = function.facts
        if "async" in facts.flags or "generator" in facts.flags or not facts.returns:
            return Unknown(where, f"what `{facts.name}` returns")
        return flatten(
            where,
            [self.evaluate(expr, function.module, function.scope) for expr in facts.returns],
        )

    def _result(self, function: Definition, call: Expr, where: Where, scope: int) -> Value:
        """What a call of a function of the project gives.

        Where its body is more than a `return`, what it returns may have been changed on the way,
        or it may end without one: a question for the second evaluator.  It is asked for calls that
        run when their module is loaded; those of others happen who knows when."""
        value = self.returned(function, where)
        if self.inference is None or where.module.enclosing_function(scope):
            return value
        decorated = bool(function.facts.decorators)
        body = self.body(function)
        if body.simple and not decorated and complete(value):
            return value
        if body.followed:
            args, kwargs, starred = self.arguments(call, where.module, scope)
            found = None if starred else self.inference().called(function, where, args, kwargs)
            if found is not None:
                return found
        if body.simple and not decorated:
            return value
        doubts = [_emptied(option) for option in self._doubted(function, where).alternatives()]
        if decorated:
            doubts.append(Unknown(where, f"what `{function.facts.name}` returns, decorated"))
        elif function.facts.returns and not body.ends:
            doubts.append(Const(where, None))
        return flatten(where, doubts)

    def _doubted(self, function: Definition, where: Where) -> Value:
        """What a function returns, if its statements may have changed its dicts and lists."""
        known, doubting = self._known, self._doubting
        self._known, self._doubting = {}, True
        try:
            return self.returned(function, where)
        finally:
            self._known, self._doubting = known, doubting

    def arguments(
        self, call: Expr, module: LinkedModule, scope: int
    ) -> tuple[list[Value], dict[str, Value], bool]:
        """The arguments of a call: positional ones, keywords, and whether some are not known.

        Constant `*` and `**` arguments are taken apart."""
        args: list[Value] = []
        kwargs: dict[str, Value] = {}
        starred = False
        for argument in call[3]:
            if argument[0] == "star":
                inner = self.evaluate(argument[2], module, scope)
                if isinstance(inner, Items) and not inner.open:
                    args += inner.items
                else:
                    starred = True
            else:
                args.append(self.evaluate(argument, module, scope))
        for keyword, value, _ in call[4]:
            item = self.evaluate(value, module, scope)
            if keyword is not None:
                kwargs[keyword] = item
            elif isinstance(item, Mapping) and not item.open:
                for entry in item.entries:
                    if isinstance(entry.key, Const) and isinstance(entry.key.constant, str):
                        kwargs[entry.key.constant] = entry.item
                    else:
                        starred = True
            else:
                starred = True
        return args, kwargs, starred

    def _environment(self, name: str, expr: Expr, where: Where, scope: int) -> Value | None:
        if name not in ("os.environ.get", "os.getenv", "os.environ.setdefault", "os.environ.pop"):
            return None
        args, kwargs, _ = self.arguments(expr, where.module, scope)
        default = args[1] if len(args) > 1 else kwargs.get("default")
        looked_up = Typed(where, "str", default, "the environment")
        if default is None:
            return OneOf(where, (looked_up, Const(where, None)))
        if isinstance(default, Const) and isinstance(default.constant, str):
            return looked_up
        return OneOf(where, (looked_up, *default.alternatives()))

    def _method(self, expr: Expr, callee: Expr, where: Where, scope: int) -> Value | None:
        """Calls of methods of built-in values, as far as they are plain data."""
        name = callee[3]
        if name not in METHODS:
            return None
        base = self.names.resolve(callee[2], where.module, scope)
        if isinstance(base, (External, Definition, ModuleRef)):
            return None
        value = self.evaluate(callee[2], where.module, scope)
        args, kwargs, starred = self.arguments(expr, where.module, scope)
        if name == "copy" and isinstance(value, (Mapping, Items)):
            return value
        text = (
            value.constant if isinstance(value, Const) and isinstance(value.constant, str) else None
        )
        if isinstance(value, Mapping) and name == "get" and args and isinstance(args[0], Const):
            entry = value.entry(args[0].constant)
            if entry is not None and not value.open:
                return entry.item
            if not value.open and entry is None:
                return args[1] if len(args) > 1 else Const(where, None)
            return Unknown(where, "an item of something")
        if text is not None and name in ("lower", "upper", "strip") and not args:
            return Const(where, getattr(text, name)())
        if text is not None and name == "split" and not starred and len(args) <= 1:
            separator = args[0].value if args and args[0].known else None
            if (separator is None) == (not args) and not kwargs:
                if separator is None or (isinstance(separator, str) and separator):
                    items: list[Value] = [Const(where, part) for part in text.split(separator)]
                    return Items(where, "list", items, False)
        if text is not None and name == "join" and len(args) == 1:
            parts = args[0]
            if isinstance(parts, Items) and parts.known and parts.kind != "set":
                words = parts.value
                if all(isinstance(word, str) for word in words):
                    return Const(where, text.join(words))
        if text is not None and name == "format" and not starred:
            made = formatted(text, args, kwargs)
            if made is not None:
                return Const(where, made)
        if text is not None and name == "format":
            head, brace, _ = text.partition("{")
            tail = text.rpartition("}")[2] if brace else ""
            return Text(where, head, tail) if brace else Const(where, text)
        if name in TEXT_METHODS and isinstance(value, (Typed, Text, OneOf, Const)):
            kind = "list" if name == "split" else "str"
            return Typed(where, kind, None, "a text")
        return None

    # Others

    def _await(self, expr: Expr, where: Where, scope: int) -> Value:
        return Unknown(where, "awaited")

    def _lambda(self, expr: Expr, where: Where, scope: int) -> Value:
        return Ref(where, Definition(where.module, expr[2]))

    def _comprehension(self, expr: Expr, where: Where, scope: int) -> Value:
        kind = expr[2]
        if kind == "generator":
            return Unknown(where, "a generator")
        results = self._each_result(expr[3], where, scope)
        if scope == 0 and self.inference is not None:
            given = [] if results is None else [part for one in results for part in one]
            if results is None or not all(map(complete, given)):
                found = self.inference().comprehension(where)
                if found is not None:
                    return found
        rounds = [] if results is None else results
        if kind == "dict":
            mapping = Mapping(where, [], results is None)
            for key, item in rounds:
                put(mapping, key, item)
            return mapping
        items = [item for (item,) in rounds]
        return Items(where, kind, items, results is None)

    def _each_result(self, number: int, where: Where, scope: int) -> list[list[Value]] | None:
        """What a comprehension over known items gives for each; None when that is not known."""
        module = where.module
        facts = module.facts.scopes[number]
        bindings = [b for name in module.names(number) for b in module.bindings(number, name)]
        if len(bindings) != 1 or not isinstance(bindings[0].payload, Assignment):
            return None
        bound = bindings[0].payload
        if bound.value[0] != "item" or bound.target[0] != "name" or not facts.returns:
            return None
        items = self._items_of(self.evaluate(bound.value[2], module, scope))
        if items is None or len(items) > MOST_ROUNDS:
            return None
        key = (module.path, number, bound.target[2], bound.span[0], bound.span[1])
        if key in self._known:
            return None
        found = []
        try:
            for item in items:
                self._known[key] = item
                found.append([self.evaluate(part, module, number) for part in facts.returns])
        finally:
            self._known.pop(key, None)
        return found

    @staticmethod
    def _items_of(value: Value) -> list[Value] | None:
        """What a loop over a value gets, one by one; None when that is not known."""
        if isinstance(value, Items) and not value.open and value.kind != "set":
            return value.items
        if isinstance(value, Mapping) and not value.open:
            return [entry.key for entry in value.entries]
        return None

    def _unpack(self, expr: Expr, where: Where, scope: int) -> Value:
        value = self.evaluate(expr[2], where.module, scope)
        if isinstance(value, Items) and not value.open and expr[3] < len(value.items):
            return value.items[expr[3]]
        return Unknown(where, "one of several unpacked values")

    def _unknown(self, expr: Expr, where: Where, scope: int) -> Value:
        return Unknown(where, f"{expr[2]}")


def complete(value: Value) -> bool:
    """Whether all parts of a value are there, be they of a known type only."""
    return not any(
        isinstance(part, Unknown) or (isinstance(part, (Items, Mapping)) and part.open)
        for part in each(value)
    )


def _emptied(value: Value) -> Value:
    """A dict or list of which any part may have been changed, also inside of its parts."""
    if isinstance(value, Mapping):
        return Mapping(value.where, [], True)
    if isinstance(value, Items):
        return Items(value.where, value.kind, [], True)
    return value


def joined(where: Where, parts: Sequence[Value]) -> Value:
    """The texts of `parts`, one after the other."""
    texts: list[str | None] = []
    for part in parts:
        if isinstance(part, Const) and not isinstance(part.constant, (bytes, float)):
            texts.append(str(part.constant))
        else:
            texts.append(None)
    if all(text is not None for text in texts):
        whole = "".join(text for text in texts if text is not None)
        return Const(where, whole) if len(whole) <= LONGEST_TEXT else Unknown(where, "a long text")
    head = tail = ""
    for text, part in zip(texts, parts, strict=True):
        if text is None:
            head += part.head if isinstance(part, Text) else ""
            break
        head += text
    for text, part in zip(reversed(texts), reversed(parts), strict=True):
        if text is None:
            tail = (part.tail if isinstance(part, Text) else "") + tail
            break
        tail = text + tail
    return Text(where, head, tail)


def combine(where: Where, operator: str, left: Value, right: Value) -> Value:
    """`left operator right`."""
    if isinstance(left, OneOf) or isinstance(right, OneOf):
        pairs = [(a, b) for a in left.alternatives() for b in right.alternatives()]
        if len(pairs) > MOST_ALTERNATIVES:
            return Unknown(where, "one of many values")
        return flatten(where, [combine(where, operator, a, b) for a, b in pairs])
    if isinstance(left, Const) and isinstance(right, Const):
        return _fold(where, operator, left.constant, right.constant)
    if operator == "|" and isinstance(left, Mapping):
        copy = Mapping(left.where, list(left.entries), left.open)
        merge(copy, right)
        return copy
    if operator == "+" and isinstance(left, Items):
        if isinstance(right, Items):
            items = left.items + right.items
            return Items(left.where, left.kind, items, left.open or right.open)
        return Items(left.where, left.kind, left.items, True)
    if operator == "+" and isinstance(right, Items):
        return Items(right.where, right.kind, right.items, True)
    textual = [
        isinstance(v, Text)
        or (isinstance(v, Const) and isinstance(v.constant, str))
        or (isinstance(v, Typed) and v.type == "str")
        for v in (left, right)
    ]
    if operator == "+" and any(textual):
        return joined(where, [left, right])
    if operator == "%" and isinstance(left, Const) and isinstance(left.constant, str):
        made = _percent(left.constant, right)
        if made is not None:
            return Const(where, made)
        head, percent, tail = left.constant.partition("%")
        if not percent:
            return left
        return Text(where, head, "" if "%" in tail or not tail else tail[1:])
    if isinstance(left, Made) and isinstance(right, (Made, Const)):
        return Made(where, f"operator.{operator}", [left, right], {}, False)
    if isinstance(right, Made) and isinstance(left, Const):
        return Made(where, f"operator.{operator}", [left, right], {}, False)
    return Unknown(where, f"the result of `{operator}`")


def _percent(template: str, right: Value) -> str | None:
    """`template % right` where it has only `%s` and `%d`; None when that is not known."""
    items = right.items if isinstance(right, Items) and right.kind == "tuple" else [right]
    if isinstance(right, Items) and (right.open or right.kind != "tuple"):
        return None
    if not all(isinstance(item, Const) for item in items):
        return None
    if any(part[:1] not in ("s", "d") for part in template.replace("%%", "").split("%")[1:]):
        return None
    try:
        text = template % tuple(item.value for item in items)
    except (TypeError, ValueError, OverflowError):
        return None
    return text if len(text) <= LONGEST_TEXT else None


def formatted(template: str, args: list[Value], kwargs: dict[str, Value]) -> str | None:
    """`template.format(...)` where its fields are plain; None when that is not known."""
    from string import Formatter

    if not all(isinstance(item, Const) for item in (*args, *kwargs.values())):
        return None
    try:
        for _, field, spec, conversion in Formatter().parse(template):
            if field is None:
                continue
            if spec or conversion or not (not field or field.isdigit() or field.isidentifier()):
                return None
        text = template.format(
            *(item.value for item in args), **{name: item.value for name, item in kwargs.items()}
        )
    except (ValueError, IndexError, KeyError):
        return None
    return text if len(text) <= LONGEST_TEXT else None


def _fold(where: Where, operator: str, a: Any, b: Any) -> Value:
    texts = isinstance(a, str) and isinstance(b, str)
    if operator == "+" and texts:
        return Const(where, a + b) if len(a) + len(b) <= LONGEST_TEXT else Unknown(where, "long")
    if operator == "%" and isinstance(a, str):
        made = _percent(a, Const(where, b))
        head = a.partition("%")[0]
        return Text(where, head, "") if made is None else Const(where, made)
    if not isinstance(a, (int, float)) or not isinstance(b, (int, float)):
        return Unknown(where, f"the result of `{operator}`")
    if operator == "**" and not (0 <= b <= LARGEST_POWER and abs(a) <= LARGEST_POWER):
        return Unknown(where, "a large power")
    if operator == "<<" and not (isinstance(b, int) and 0 <= b <= LARGEST_POWER):
        return Unknown(where, "a large shift")
    fold = FOLDS.get(operator)
    if fold is None:
        return Unknown(where, f"the result of `{operator}`")
    try:
        return Const(where, fold(a, b))
    except (ArithmeticError, TypeError, ValueError):
        return Unknown(where, f"the result of `{operator}`")


FOLDS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
    "<<": lambda a, b: a << b,
    "|": lambda a, b: a | b,
    "&": lambda a, b: a & b,
}


def _build_dict(where: Where, args: list[Value], kwargs: dict[str, Value]) -> Value:
    mapping = Mapping(where, [], False)
    for argument in args:
        if isinstance(argument, Items) and not argument.open:
            for pair in argument.items:
                if isinstance(pair, Items) and len(pair.items) == 2 and not pair.open:
                    put(mapping, pair.items[0], pair.items[1])
                else:
                    mapping.open = True
        else:
            merge(mapping, argument)
    for name, item in kwargs.items():
        put(mapping, Const(item.where, name), item)
    return mapping


def _build_sequence(kind: str) -> Callable[[Where, list[Value], dict[str, Value]], Value]:
    def build(where: Where, args: list[Value], kwargs: dict[str, Value]) -> Value:
        if not args:
            return Items(where, kind, [], False)
        first = args[0]
        if isinstance(first, Items):
            return Items(where, kind, first.items, first.open)
        if isinstance(first, Mapping):
            return Items(where, kind, [e.key for e in first.entries], first.open)
        return Items(where, kind, [], True)

    return build


def _build_typed(kind: str) -> Callable[[Where, list[Value], dict[str, Value]], Value]:
    def build(where: Where, args: list[Value], kwargs: dict[str, Value]) -> Value:
        if len(args) == 1 and isinstance(args[0], Const):
            constant = args[0].constant
            try:
                if kind == "int" and isinstance(constant, (int, float, str)):
                    return Const(where, int(constant))
                if kind == "float" and isinstance(constant, (int, float, str)):
                    return Const(where, float(constant))
                if kind == "bool":
                    return Const(where, bool(constant))
                if kind == "str" and isinstance(constant, (int, str, bool)):
                    return Const(where, str(constant))
            except (ValueError, OverflowError):
                return Unknown(where, f"{kind}() of something else")
        default: Value | None = None
        source = "a conversion"
        if args:
            for option in args[0].alternatives():
                if isinstance(option, Typed):
                    source = option.source
                    if isinstance(option.default, Const):
                        default = build(where, [option.default], {})
        if kind == "bool" and any(
            isinstance(o, Typed) and o.type == "str" for a in args for o in a.alternatives()
        ):
            source = "a text of the environment"
        return Typed(where, kind, default, source)

    return build


# What gives the object that a dotted name names.
NAMED_OBJECTS = frozenset(
    """django.utils.module_loading.import_string werkzeug.utils.import_string
    celery.utils.imports.symbol_by_name kombu.utils.imports.symbol_by_name""".split()
)
SETTINGS_CLASSES = frozenset({"pydantic_settings.BaseSettings", "pydantic.BaseSettings"})


def _build_len(where: Where, args: list[Value], kwargs: dict[str, Value]) -> Value:
    if len(args) == 1 and args[0].known:
        known = args[0].value
        if isinstance(known, (str, bytes, list, tuple, set, dict)):
            return Const(where, len(known))
    return Typed(where, "int", None, "a length")


def _build_extreme(
    choose: Callable[[list[float]], float],
) -> Callable[[Where, list[Value], dict[str, Value]], Value]:
    def build(where: Where, args: list[Value], kwargs: dict[str, Value]) -> Value:
        numbers = [
            a.constant
            for a in args
            if isinstance(a, Const) and isinstance(a.constant, (int, float))
        ]
        if len(args) > 1 and len(numbers) == len(args) and not kwargs:
            return Const(where, choose(numbers))
        return Unknown(where, "the least or greatest of something")

    return build


def _build_range(where: Where, args: list[Value], kwargs: dict[str, Value]) -> Value:
    try:
        numbers = range(*(a.value for a in args if isinstance(a, Const)))
    except (TypeError, ValueError):
        return Unknown(where, "a range")
    if kwargs or len(numbers) > MOST_ROUNDS or not all(isinstance(a, Const) for a in args):
        return Unknown(where, "a range")
    return Items(where, "range", [Const(where, number) for number in numbers], False)


BUILDERS: dict[str, Callable[[Where, list[Value], dict[str, Value]], Value]] = {
    "builtins.dict": _build_dict,
    "collections.OrderedDict": _build_dict,
    "builtins.list": _build_sequence("list"),
    "builtins.tuple": _build_sequence("tuple"),
    "builtins.set": _build_sequence("set"),
    "builtins.frozenset": _build_sequence("set"),
    "builtins.int": _build_typed("int"),
    "builtins.len": _build_len,
    "builtins.max": _build_extreme(max),
    "builtins.min": _build_extreme(min),
    "builtins.range": _build_range,
    "builtins.float": _build_typed("float"),
    "builtins.bool": _build_typed("bool"),
    "builtins.str": _build_typed("str"),
    "json.loads": lambda where, args, kwargs: Typed(where, "object", None, "json"),
    "ast.literal_eval": lambda where, args, kwargs: Typed(where, "object", None, "a text"),
    "distutils.util.strtobool": lambda where, args, kwargs: Typed(where, "bool", None, "a text"),
}
ENUMS = frozenset({"enum.Enum", "enum.StrEnum", "enum.IntEnum", "django.db.models.TextChoices"})
TEXT_METHODS = frozenset(
    "lower upper strip lstrip rstrip format join split replace title capitalize "
    "removeprefix removesuffix".split()
)
METHODS = TEXT_METHODS | {"copy", "get"}

EVALUATORS: dict[str, Callable[[Values, Expr, Where, int], Value]] = {
    "const": Values._const,
    "bytes": Values._bytes,
    "list": Values._display,
    "tuple": Values._display,
    "set": Values._display,
    "dict": Values._dict,
    "text": Values._text,
    "name": Values._name,
    "attr": Values._name,
    "binary": Values._binary,
    "unary": Values._unary,
    "bool": Values._bool,
    "compare": Values._compare,
    "if": Values._if,
    "sub": Values._subscript,
    "call": Values._call,
    "await": Values._await,
    "lambda": Values._lambda,
    "comprehension": Values._comprehension,
    "unpack": Values._unpack,
    "unknown": Values._unknown,
}
