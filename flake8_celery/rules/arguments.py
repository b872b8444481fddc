"""Arguments of tasks: CEL200 to CEL219."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from ..celery.serializers import encodable, normalise
from ..project.apps import App
from ..project.dispatch import Dispatch, last_name, result_of, task_of_expr
from ..project.names import Definition, External, ParameterRef, Variable
from ..project.subject import Subject
from ..project.values import Value
from ..rule import CORRECTNESS, SAFE, UNSAFE, Edit, Finding, Report, Undecided, report, rule
from .edits import text_at

if TYPE_CHECKING:
    from ..facts import Expr
    from ..project import Project
    from ..source import Source

DEEPEST = 4
MODEL = "django.db.models.Model"
#: Manager methods that give one instance, and what gives a queryset of instances.
ONE_INSTANCE = frozenset("get create first last latest earliest".split())
INSTANCE_AND_FLAG = frozenset({"get_or_create", "update_or_create"})
SAME_ROWS = frozenset(
    """all filter exclude order_by select_related prefetch_related select_for_update distinct
    annotate using defer only reverse iterator""".split()
)
SAVED_SIGNALS = frozenset(
    f"django.db.models.signals.{name}"
    for name in "pre_save post_save pre_delete post_delete pre_init post_init".split()
)
#: Canonical name -> the type that a call of it gives, as `celery/serializers.py` names it.
MAKERS = {
    "builtins.bytearray": "bytearray",
    "builtins.complex": "complex",
    "builtins.enumerate": "enumerate",
    "builtins.filter": "filter",
    "builtins.frozenset": "frozenset",
    "builtins.map": "map",
    "builtins.memoryview": "memoryview",
    "builtins.open": "file",
    "builtins.range": "range",
    "builtins.reversed": "reversed",
    "builtins.set": "set",
    "builtins.slice": "slice",
    "builtins.zip": "zip",
    "collections.ChainMap": "collections.ChainMap",
    "collections.deque": "collections.deque",
    "datetime.timedelta": "datetime.timedelta",
    "datetime.timezone": "datetime.timezone",
    "django.db.models.F": "dataclass",
    "django.db.models.Q": "dataclass",
    "fractions.Fraction": "fractions.Fraction",
    "io.BytesIO": "io.BytesIO",
    "io.StringIO": "io.StringIO",
    "ipaddress.IPv4Address": "ipaddress.IPv4Address",
    "ipaddress.IPv6Address": "ipaddress.IPv6Address",
    "pathlib.Path": "pathlib.Path",
    "pathlib.PosixPath": "pathlib.Path",
    "pathlib.PurePath": "pathlib.Path",
    "re.compile": "re.Pattern",
    "threading.Lock": "threading.Lock",
    "types.SimpleNamespace": "types.SimpleNamespace",
    "zoneinfo.ZoneInfo": "zoneinfo.ZoneInfo",
}
#: Constants of a module that are what `MAKERS` would make.
CONSTANTS = {"datetime.timezone.utc": "datetime.timezone"}
#: How messages call a type.
SHOWN = {
    "dataclass": "an instance of `{name}`",
    "enum.Enum": "the enum member `{name}`",
    "exception": "an exception",
    "file": "an open file",
    "function": "the function `{name}`",
    "generator": "a generator",
    "lambda": "a lambda",
    "coroutine": "a coroutine (`{name}` is not awaited)",
    "type": "the class `{name}`",
    "module": "the module `{name}`",
    "task": "the task `{name}`",
    "result": "a result",
    "tuple_keys": "a dict with tuples as keys",
    "bytes_keys": "a dict with bytes as keys",
    "date_keys": "a dict with dates as keys",
    "django.Model": "a model instance",
}
#: What `list(...)` turns into something that can be encoded.
ITERABLES = frozenset(
    """set frozenset range generator map filter zip enumerate reversed dict_keys dict_values
    dict_items collections.deque""".split()
)
#: Types that stand for an instance of a class without `__json__`, as the table knows them.
TABLE_NAMES = {"task": "type", "result": "dataclass"}
#: Base classes that the encoder treats as plain data, or that say nothing about it.
PLAIN_DATA = frozenset({"dict", "list", "tuple", "str", "int", "float", "bytes"})


# What an argument is


class Arguments(Subject):
    """The arguments of one dispatch that are sent: `passed` are the expressions, `serializer` what
    encodes them, as far as known."""

    __slots__ = ("dispatch",)

    def __init__(self, dispatch: Dispatch) -> None:
        super().__init__(
            dispatch.project, dispatch.module, dispatch.scope, dispatch.block, dispatch.span
        )
        self.dispatch = dispatch

    @classmethod
    def collect(cls, project: Project) -> list[Arguments]:
        """Those of every call of a known task."""
        return [
            cls(dispatch)
            for dispatch in project.all(Dispatch)
            if dispatch.task is not None
            and dispatch.canvas is None
            and dispatch.method != "apply"
            and not dispatch.expects_error
            and not (dispatch.builds and dispatch.within == "Attribute")
        ]

    @property
    def passed(self) -> Iterator[Expr]:
        """What is passed to the task, `*` and `**` left out."""
        arguments = self.dispatch.arguments
        if arguments is not None:
            yield from arguments
        elif self.dispatch.method in ("delay", "s", "si", "delay_on_commit"):
            yield from (a for a in self.dispatch.call[3] if a[0] != "star")
        if self.dispatch.keywords is not None:
            yield from self.dispatch.keywords.values()

    @property
    def serializer(self) -> str:
        """The serializer that encodes them.  Raises Undecided when it is not known."""
        given = self.dispatch.options.get("serializer")
        if given is not None:
            name = self.evaluate(given[0]).value
            return normalise(str(name)) if name is not None else self.of_task
        if self.dispatch.open_options:
            raise Undecided("which serializer is used")
        return self.of_task

    @property
    def of_task(self) -> str:
        """The task's own serializer, or the one that every app it may belong to has; Celery's
        default where the project has no app and nothing speaks of the setting."""
        task = self.dispatch.task
        assert task is not None
        written = task.written("serializer")
        if written is not None and written.value is not None:
            return normalise(str(written.value))
        if task.apps:
            return serializer_name(task.option("serializer"))
        apps = [app for app in self.project.all(App) if not app.in_test]
        names = {serializer_name(app.configuration.get("task_serializer")) for app in apps}
        if not apps and not any(
            self.project.mentions(word) for word in ("task_serializer", "TASK_SERIALIZER")
        ):
            names = {"json"}
        if len(names) != 1:
            raise Undecided(f"the serializer of the task at {task.where.shown}")
        return names.pop()


def has_own_types(project: Project) -> bool:
    """Whether the project teaches kombu types or serializers of its own."""
    known = project.kept.get("own json types")
    if known is None:
        words = ("register_type", "kombu.utils.json", "kombu.serialization")
        known = project.kept["own json types"] = any(project.mentions(word) for word in words)
    return bool(known)


def serializer_name(value: Value | None) -> str:
    """The serializer that a setting or option names; None is Celery's default."""
    return "json" if value is None or value.value is None else normalise(str(value.value))


def kind_of(place: Subject, expr: Expr, depth: int = 0) -> tuple[str, str] | None:
    """The type of an expression as the table of serializers names it, and a name to show; None
    where it is not known."""
    if depth > DEEPEST:
        return None
    read = READERS.get(expr[0])
    return None if read is None else read(place, expr, depth)


def _comprehension(place: Subject, expr: Expr, depth: int) -> tuple[str, str] | None:
    return (expr[2], "") if expr[2] in ("set", "generator") else None


def _name(place: Subject, expr: Expr, depth: int) -> tuple[str, str] | None:
    if result_of(place.project, place.module, place.scope, expr) is not None:
        return ("result", "")
    target = place.resolve(expr)
    if task_of_expr(place.project, place.module, place.scope, expr) is not None:
        return ("task", last_name(expr))
    if isinstance(target, External):
        if target.name in CONSTANTS:
            return (CONSTANTS[target.name], "")
        return _of_builtin(target)
    if isinstance(target, Definition):
        kind = target.facts.kind
        if kind == "class":
            plain = not target.facts.decorators or is_dataclass(place, target)
            return ("type", target.facts.name) if plain else None
        return ("function", target.facts.name) if not target.facts.decorators else None
    if isinstance(target, Variable):
        return _variable(place, target, depth)
    return None


def _of_builtin(target: External) -> tuple[str, str] | None:
    owner, _, name = target.name.partition(".")
    thing = getattr(builtins, name, None) if owner == "builtins" else None
    if isinstance(thing, type):
        return ("type", name)
    return None


def _variable(place: Subject, target: Variable, depth: int) -> tuple[str, str] | None:
    member = _enum_member(place, target)
    if member is not None:
        return member
    if target.module is not place.module:
        return None
    written = [a for a in target.assignments if a.op == "=" and a.target[0] == "name"]
    if len(written) != len(target.module.bindings(target.scope, target.name)):
        return None
    at = Subject(place.project, target.module, target.scope, 0, place.span)
    kinds = {kind_of(at, assignment.value, depth + 1) for assignment in written}
    return kinds.pop() if len(kinds) == 1 else None


def _enum_member(place: Subject, target: Variable) -> tuple[str, str] | None:
    if not target.scope or target.module.facts.scopes[target.scope].kind != "class":
        return None
    cls = Definition(target.module, target.scope)
    bases = place.project.names.bases(cls)
    names = {base.name for base in bases if isinstance(base, External)}
    known = all(isinstance(base, (External, Definition)) for base in bases)
    if known and "enum.Enum" in names and names <= {"enum.Enum", "builtins.object"}:
        if not defines(cls, "__json__", place.project) and not target.name.startswith("_"):
            return ("enum.Enum", f"{cls.facts.name}.{target.name}")
    return None


def defines(cls: Definition, name: str, project: Project) -> bool:
    """Whether a class or one of the project's classes among its bases defines a name."""
    return any(
        isinstance(base, Definition) and bool(base.module.bindings(base.scope, name))
        for base in project.names.bases(cls)
    )


def _call(place: Subject, expr: Expr, depth: int) -> tuple[str, str] | None:
    if result_of(place.project, place.module, place.scope, expr) is not None:
        return ("result", "")
    callee = expr[2]
    if callee[0] == "attr" and callee[3] in ("keys", "values", "items") and not expr[3]:
        if is_dict(place, callee[2]):
            return (f"dict_{callee[3]}", "")
    target = place.resolve(callee)
    if isinstance(target, External):
        made = MAKERS.get(target.name)
        if made is not None:
            return (made, target.name.rpartition(".")[2])
        owner, _, name = target.name.partition(".")
        thing = getattr(builtins, name, None) if owner == "builtins" else None
        if isinstance(thing, type) and issubclass(thing, BaseException):
            return ("exception", name)
        return None
    if not isinstance(target, Definition):
        return None
    facts = target.facts
    if facts.kind == "function" and "async" in facts.flags and not facts.decorators:
        return ("generator" if "generator" in facts.flags else "coroutine", facts.name)
    if facts.kind == "function" and "generator" in facts.flags and not facts.decorators:
        return ("generator", facts.name)
    return _instance(place, target) if facts.kind == "class" else None


def _instance(place: Subject, cls: Definition) -> tuple[str, str] | None:
    """What an instance of a class of the project is, when its bases are all known."""
    if defines(cls, "__json__", place.project):
        return None
    bases = place.project.names.bases(cls)
    names = {base.name for base in bases if isinstance(base, External)}
    if not all(isinstance(base, (External, Definition)) for base in bases):
        return None
    if any(is_exception(name) for name in names):
        return ("exception", cls.facts.name)
    if "pydantic.BaseModel" in names and not names & {f"builtins.{n}" for n in PLAIN_DATA}:
        return ("dataclass", cls.facts.name)
    if names <= {"builtins.object", "typing.Generic", "abc.ABC"} and is_dataclass(place, cls):
        return ("dataclass", cls.facts.name)
    return None


def is_exception(name: str) -> bool:
    """Whether a canonical name is one of Python's own exceptions."""
    owner, _, short = name.partition(".")
    thing = getattr(builtins, short, None) if owner == "builtins" else None
    return isinstance(thing, type) and issubclass(thing, BaseException)


def is_dataclass(place: Subject, cls: Definition) -> bool:
    """Whether `@dataclass` stands on a class, and nothing else."""
    decorators = cls.facts.decorators
    if len(decorators) != 1:
        return False
    callee = decorators[0][2] if decorators[0][0] == "call" else decorators[0]
    target = place.project.names.resolve(callee, cls.module, cls.facts.parent)
    return isinstance(target, External) and target.name == "dataclasses.dataclass"


def is_dict(place: Subject, expr: Expr) -> bool:
    """Whether an expression is surely a plain dict."""
    if expr[0] in ("dict",):
        return True
    if expr[0] == "comprehension":
        return bool(expr[2] == "dict")
    if expr[0] == "call":
        target = place.resolve(expr[2])
        return isinstance(target, External) and target.name == "builtins.dict"
    if expr[0] == "name":
        target = place.resolve(expr)
        if isinstance(target, Variable) and target.module is place.module:
            written = [a for a in target.assignments if a.op == "=" and a.target[0] == "name"]
            if len(written) != len(target.module.bindings(target.scope, target.name)):
                return False
            at = Subject(place.project, target.module, target.scope, 0, place.span)
            return bool(written) and all(
                a.value[0] != "name" and is_dict(at, a.value) for a in written
            )
    return False


def _caught(place: Subject, expr: Expr, depth: int) -> tuple[str, str] | None:
    if expr[2] is not None:
        for caught in expr[2][2] if expr[2][0] == "tuple" else [expr[2]]:
            cls = place.resolve(caught)
            if isinstance(cls, Definition) and defines(cls, "__json__", place.project):
                return None
    return ("exception", "")


def _entered(place: Subject, expr: Expr, depth: int) -> tuple[str, str] | None:
    found = kind_of(place, expr[2], depth + 1)
    return found if found is not None and found[0] == "file" else None


def _dict(place: Subject, expr: Expr, depth: int) -> tuple[str, str] | None:
    for key, _ in expr[2]:
        if key is None:
            continue
        if key[0] == "tuple":
            return ("tuple_keys", "")
        if key[0] == "bytes":
            return ("bytes_keys", "")
        if key[0] == "call":
            target = place.resolve(key[2])
            if isinstance(target, External) and target.name in (
                "datetime.date",
                "datetime.date.today",
            ):
                return ("date_keys", "")
    return None


def _set(place: Subject, expr: Expr, depth: int) -> tuple[str, str] | None:
    return ("set", "")


def _lambda(place: Subject, expr: Expr, depth: int) -> tuple[str, str] | None:
    return ("lambda", "")


READERS: dict[str, Callable[[Subject, Expr, int], tuple[str, str] | None]] = {
    "set": _set,
    "lambda": _lambda,
    "comprehension": _comprehension,
    "name": _name,
    "attr": _name,
    "call": _call,
    "caught": _caught,
    "enter": _entered,
    "dict": _dict,
}


def parts_of(expr: Expr, depth: int = 0) -> Iterator[Expr]:
    """An argument and what is written inside it: the items of lists and tuples, the values of
    dicts."""
    yield expr
    if depth > 3:
        return
    if expr[0] in ("list", "tuple"):
        for item in expr[2]:
            yield from parts_of(item, depth + 1)
    elif expr[0] == "dict":
        for _, value in expr[2]:
            yield from parts_of(value, depth + 1)


# CEL200: model instances


@rule(
    Arguments,
    "CEL200",
    "celery-model-argument",
    CORRECTNESS,
    says="{shown} is a model instance: {serializer} cannot encode it, `{task}` is never sent "
    "(EncodeError); pass its `pk`",
)
def model_argument(arguments: Arguments, project: Project) -> Iterator[Report]:
    """`kombu/utils/json.py` (`JSONEncoder.default`)."""
    if arguments.in_test:
        return
    found = [expr for whole in arguments.passed for expr in parts_of(whole)]
    models = [expr for expr in found if is_model(arguments, expr, 0)]
    if not models:
        return
    serializer = arguments.serializer
    if encodable(serializer, "django.Model") is not False or has_own_types(project):
        return
    assert arguments.dispatch.task is not None
    for expr in models:
        yield report(
            arguments.at(expr[1]),
            shown=f"`{last_name(expr)}`" if last_name(expr) else "This argument",
            serializer=serializer,
            task=arguments.dispatch.task.shown,
            fix=True if expr[0] in ("name", "attr", "call") else None,
        )


@model_argument.fix(UNSAFE, "Pass the primary key")
def pass_key(finding: Finding, source: Source) -> Iterable[Edit]:
    """`order` to `order.pk`; the task has to load the instance then."""
    _, _, row, column = finding.span
    yield Edit((row, column, row, column), ".pk")


def is_model(place: Subject, expr: Expr, depth: int) -> bool:
    """Whether an expression is surely an instance of a Django model."""
    if depth > DEEPEST:
        return False
    if expr[0] in ("name", "attr"):
        target = place.resolve(expr)
        if isinstance(target, ParameterRef):
            return expr[0] == "name" and is_model_parameter(place.project, target)
        if expr[0] == "name" and isinstance(target, Variable) and target.module is place.module:
            written = [a for a in target.assignments if a.op == "=" and a.target[0] == "name"]
            if len(written) != len(target.module.bindings(target.scope, target.name)):
                return False
            at = Subject(place.project, target.module, target.scope, 0, place.span)
            return bool(written) and all(is_model(at, a.value, depth + 1) for a in written)
        return False
    if expr[0] == "await":
        inner = expr[2]
        name = inner[2][3] if inner[0] == "call" and inner[2][0] == "attr" else ""
        return name.startswith("a") and name[1:] in ONE_INSTANCE and is_rows(place, inner[2][2])
    if expr[0] == "item":
        return expr[2][0] == "call" and is_rows(place, expr[2])
    if expr[0] in ("unpack", "sub"):
        index = expr[3] if expr[0] == "unpack" else expr[3][2] if expr[3][0] == "const" else None
        inner = expr[2]
        return bool(
            index == 0
            and inner[0] == "call"
            and inner[2][0] == "attr"
            and inner[2][3] in INSTANCE_AND_FLAG
            and is_rows(place, inner[2][2])
        )
    if expr[0] != "call":
        return False
    callee = expr[2]
    if callee[0] == "attr" and callee[3] in ONE_INSTANCE and is_rows(place, callee[2]):
        return True
    target = place.resolve(callee)
    if isinstance(target, External):
        return target.name == "django.shortcuts.get_object_or_404" and bool(expr[3])
    return isinstance(target, Definition) and is_model_class(place.project, target)


def is_rows(place: Subject, expr: Expr) -> bool:
    """Whether an expression is `Model.objects`, or a queryset of instances made from it."""
    while expr[0] == "call" and expr[2][0] == "attr" and expr[2][3] in SAME_ROWS:
        expr = expr[2][2]
    if expr[0] != "attr" or expr[3] not in ("objects", "_default_manager"):
        return False
    model = expr[2]
    if model[0] == "call":
        target = place.resolve(model[2])
        return isinstance(target, External) and target.name == "django.contrib.auth.get_user_model"
    target = place.resolve(model)
    if isinstance(target, Definition):
        bases = place.project.names.bases(target)
        known = all(isinstance(base, (External, Definition)) for base in bases)
        return not known or is_model_class(place.project, target)
    return isinstance(target, External) and last_name(model)[:1].isupper()


def is_model_class(project: Project, cls: Definition) -> bool:
    """Whether a class of the project is a Django model without a JSON form of its own."""
    return (
        cls.facts.kind == "class"
        and External(MODEL) in project.names.bases(cls)
        and not defines(cls, "__json__", project)
    )


def is_model_parameter(project: Project, parameter: ParameterRef) -> bool:
    """Whether a parameter is a model instance: `self` of a model's method, `instance` of a
    receiver of its signals, or annotated with a model."""
    module, facts = parameter.module, parameter.module.facts.scopes[parameter.scope]
    names = [p.name for p in facts.parameters]
    if facts.kind != "function":
        return False
    owner = Definition(module, facts.parent)
    if owner.facts.kind == "class" and names[:1] == [parameter.name]:
        # A decorator may make `self` a class, or something else.
        return not facts.decorators and is_model_class(project, owner)
    if parameter.name == "instance":
        for decorator in facts.decorators:
            if decorator[0] == "call" and decorator[3]:
                callee = project.names.resolve(decorator[2], module, facts.parent)
                signal = project.names.resolve(decorator[3][0], module, facts.parent)
                if (
                    isinstance(callee, External)
                    and callee.name == "django.dispatch.receiver"
                    and isinstance(signal, External)
                    and signal.name in SAVED_SIGNALS
                ):
                    return True
    for given in facts.parameters:
        if given.name == parameter.name and given.annotation is not None:
            if given.default is None or given.default[0] != "const":
                target = project.names.resolve(given.annotation, module, facts.parent)
                return isinstance(target, Definition) and is_model_class(project, target)
    return False


# CEL204: everything else that cannot be encoded


@rule(
    Arguments,
    "CEL204",
    "celery-unserializable-argument",
    CORRECTNESS,
    says="{what} cannot be encoded as {serializer}: `{task}` is never sent (EncodeError)",
)
def unserializable_argument(arguments: Arguments, project: Project) -> Iterator[Report]:
    """`kombu/utils/json.py` and the serializers in `kombu/serialization.py`."""
    if arguments.in_test:
        return
    found = []
    for whole in arguments.passed:
        for expr in parts_of(whole):
            kind = kind_of(arguments, expr)
            if kind is not None:
                found.append((expr, *kind))
    if not found:
        return
    serializer = arguments.serializer
    assert arguments.dispatch.task is not None
    for expr, kind_name, name in found:
        if encodable(serializer, TABLE_NAMES.get(kind_name, kind_name)) is not False:
            continue
        if has_own_types(project):
            return
        yield report(
            arguments.at(expr[1]),
            what=shown_kind(kind_name, name),
            serializer=serializer,
            task=arguments.dispatch.task.shown,
            fix=kind_name if kind_name in ITERABLES and expr[0] != "lambda" else None,
        )


def shown_kind(kind: str, name: str) -> str:
    """How a message that starts with it calls a type."""
    known = SHOWN.get(kind, f"a {kind.rpartition('.')[2].replace('_', ' ')}")
    return known[0].upper() + known[1:].format(name=name)


@unserializable_argument.fix(SAFE, "Pass a list")
def pass_list(finding: Finding, source: Source) -> Iterable[Edit]:
    """`{1, 2}` to `[1, 2]`, and any other iterable into `list(...)`."""
    text = text_at(source, finding.span)
    if text.startswith("{") and finding.fix_data == "set" and " for " not in text:
        yield Edit(finding.span, f"[{text[1:-1].strip()}]")
    elif text.startswith("(") and finding.fix_data == "generator":
        before = source.text[source.offset(*finding.span[:2]) - 1]
        # In `f(x for x in y)` the parentheses of the call are the generator's as well.
        shared = before.isalnum() or before in "_)]"
        yield Edit(finding.span, f"(list{text})" if shared else f"list{text}")
    else:
        yield Edit(finding.span, f"list({text})")
