"""Arguments of tasks: CEL200 to CEL219."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..celery.serializers import encodable, normalise
from ..project.apps import App
from ..project.dispatch import Dispatch, last_name
from ..project.names import Definition, External, ParameterRef, Variable
from ..project.subject import Subject
from ..project.values import Value
from ..rule import CORRECTNESS, SAFE, UNSAFE, Edit, Finding, Report, Undecided, report, rule
from .argument_kinds import DEEPEST, defines, kind_of, parts_of
from .edits import text_at

if TYPE_CHECKING:
    from ..facts import Expr
    from ..project import Project
    from ..source import Source

MODEL = "django.db.models.Model"
#: Manager methods that give one instance, and what gives a queryset of instances.
ONE_INSTANCE = frozenset("get create first last latest earliest".split())
INSTANCE_AND_FLAG = frozenset({"get_or_create", "update_or_create"})
SAME_ROWS = frozenset(
    """all filter exclude order_by select_related prefetch_related select_for_update distinct
    annotate using defer only reverse iterator""".split()
)
#: Classes whose `save()` gives the instance.
SAVING_CLASSES = frozenset(
    """django.forms.ModelForm django.forms.models.ModelForm
    rest_framework.serializers.ModelSerializer""".split()
)
SAVED_SIGNALS = frozenset(
    f"django.db.models.signals.{name}"
    for name in "pre_save post_save pre_delete post_delete pre_init post_init".split()
)
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
    if callee[0] == "attr" and callee[3] == "save":
        return saves_model(place, callee[2])
    target = place.resolve(callee)
    if isinstance(target, External):
        return target.name == "django.shortcuts.get_object_or_404" and bool(expr[3])
    return isinstance(target, Definition) and is_model_class(place.project, target)


def saves_model(place: Subject, expr: Expr) -> bool:
    """Whether `save()` of an expression gives an instance: a model form or serializer of the
    project that leaves `save` alone."""
    value = expr
    if expr[0] == "name":
        form = place.resolve(expr)
        if not isinstance(form, Variable):
            return False
        written = [a.value for a in form.assignments if a.target[0] == "name"]
        if len({last_name(made[2]) if made[0] == "call" else "" for made in written}) != 1:
            return False
        if len(written) != len(form.module.bindings(form.scope, form.name)):
            return False
        value = written[0]
    if value[0] != "call":
        return False
    cls = place.resolve(value[2])
    if not isinstance(cls, Definition) or cls.facts.kind != "class":
        return False
    bases = place.project.names.bases(cls)
    saving = any(isinstance(base, External) and base.name in SAVING_CLASSES for base in bases)
    given = {keyword for keyword, _, _ in value[4]}
    return saving and "many" not in given and not defines(cls, "save", place.project)


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
