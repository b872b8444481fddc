"""Arguments of tasks that belong to a web framework or a numeric library: CEL201, CEL202, CEL205.

Facts: `kombu/utils/json.py` (`JSONEncoder.default`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from ..celery.serializers import encodable
from ..project.dispatch import last_name
from ..project.names import Definition, External, LinkedModule, ParameterRef, Variable
from ..project.subject import Subject
from ..rule import CORRECTNESS, SAFE, UNSAFE, Edit, Finding, Report, report, rule
from .argument_kinds import DEEPEST, parts_of
from .arguments import SAME_ROWS, Arguments, has_own_types, is_rows
from .edits import text_at

if TYPE_CHECKING:
    from ..facts import Expr, Scope
    from ..project import Project
    from ..source import Source


def refused(arguments: Arguments, type_name: str) -> str | None:
    """The serializer, where it cannot encode a type; None where it can or that is not known."""
    serializer = arguments.serializer
    if encodable(serializer, type_name) is not False or has_own_types(arguments.project):
        return None
    return serializer


def task_shown(arguments: Arguments) -> str:
    """The task's name, as messages show it."""
    task = arguments.dispatch.task
    return task.shown if task is not None else ""


def values_of(place: Subject, expr: Expr) -> list[tuple[Subject, Expr]]:
    """All that a name of the same module may stand for, and where each is meant; nothing where
    something else may give it a value."""
    target = place.resolve(expr)
    if not isinstance(target, Variable) or target.module is not place.module:
        return []
    written = [a for a in target.assignments if a.op == "=" and a.target[0] == "name"]
    if len(written) != len(target.module.bindings(target.scope, target.name)):
        return []
    return [
        (Subject(place.project, target.module, target.scope, a.block, a.span), a.value)
        for a in written
    ]


# CEL201: querysets

ROWS = "a queryset"
MANAGER = "a manager"
INSTANCES = "a list of model instances"
#: Methods of querysets that give querysets of something else than instances.
OTHER_ROWS = frozenset({"values", "values_list", "dates", "datetimes"})
QUERYSETS = SAME_ROWS - {"iterator"} | OTHER_ROWS | {"union", "intersection", "difference", "none"}


@rule(
    Arguments,
    "CEL201",
    "celery-queryset-argument",
    CORRECTNESS,
    says="{shown} is {what}: {serializer} cannot encode it, `{task}` is never sent (EncodeError); "
    "pass {instead}",
)
def queryset_argument(arguments: Arguments, project: Project) -> Iterator[Report]:
    """A queryset is neither a list nor lazy text to the encoder."""
    if arguments.in_test:
        return
    found = [expr for whole in arguments.passed for expr in parts_of(whole)]
    rows = [(expr, what) for expr in found if (what := rows_of(arguments, expr)) is not None]
    serializer = refused(arguments, "django.QuerySet") if rows else None
    if serializer is None:
        return
    for expr, what in rows:
        flat = is_flat(arguments, expr)
        yield report(
            arguments.at(expr[1]),
            shown=f"`{last_name(expr)}`" if expr[0] == "name" else "This argument",
            what=what,
            serializer=serializer,
            task=task_shown(arguments),
            instead="a list of it" if flat else "a list of primary keys",
            fix=True if flat else None,
        )


@queryset_argument.fix(SAFE, "Make it a list")
def make_list(finding: Finding, source: Source) -> Iterable[Edit]:
    """`ids` to `list(ids)`."""
    yield Edit(finding.span, f"list({text_at(source, finding.span)})")


def rows_of(place: Subject, expr: Expr, depth: int = 0) -> str | None:
    """What an expression is, where it surely is a queryset, a manager or a list of instances."""
    if depth > DEEPEST:
        return None
    if expr[0] == "name":
        kinds = {rows_of(at, value, depth + 1) for at, value in values_of(place, expr)}
        return kinds.pop() if len(kinds) == 1 else None
    if expr[0] == "sub":
        is_slice = expr[3][0] == "unknown" and expr[3][2] == "Slice"
        return rows_of(place, expr[2], depth + 1) if is_slice else None
    if expr[0] == "call":
        if expr[2][0] == "attr" and expr[2][3] in QUERYSETS:
            return ROWS if is_rows(place, before_methods(expr)) else None
        if len(expr[3]) == 1 and place.resolve(expr[2]) == External("builtins.list"):
            inner = expr[3][0]
            whole = rows_of(place, inner, depth + 1) == ROWS
            return INSTANCES if whole and not has_other_rows(place, inner) else None
        return None
    return MANAGER if expr[0] == "attr" and is_rows(place, expr) else None


def before_methods(expr: Expr) -> Expr:
    """The expression that a chain of a queryset's methods starts from."""
    while expr[0] == "call" and expr[2][0] == "attr" and expr[2][3] in QUERYSETS:
        expr = expr[2][2]
    return expr


def methods_of(place: Subject, expr: Expr) -> Iterator[Expr]:
    """The calls of a chain of a queryset's methods, the last first, through names and slices."""
    for _ in range(20):
        if expr[0] == "call" and expr[2][0] == "attr" and expr[2][3] in QUERYSETS:
            yield expr
            expr = expr[2][2]
        elif expr[0] == "sub":
            expr = expr[2]
        elif expr[0] == "name" and len(values := values_of(place, expr)) == 1:
            place, expr = values[0]
        else:
            return


def has_other_rows(place: Subject, expr: Expr) -> bool:
    """Whether a queryset's rows are dicts or tuples rather than instances."""
    return any(call[2][3] in OTHER_ROWS for call in methods_of(place, expr))


def is_flat(place: Subject, expr: Expr) -> bool:
    """Whether a queryset is a `values_list(..., flat=True)`."""
    if expr[0] == "name" and len(values_of(place, expr)) != 1:
        return False
    for call in methods_of(place, expr):
        if call[2][3] == "values_list":
            return any(k == "flat" and v[0] == "const" and v[2] is True for k, v, _ in call[4])
    return False


# CEL202: requests

REQUEST_CLASSES = frozenset(
    """django.http.HttpRequest django.http.request.HttpRequest django.core.handlers.wsgi.WSGIRequest
    django.core.handlers.asgi.ASGIRequest rest_framework.request.Request starlette.requests.Request
    fastapi.Request flask.Request""".split()
)
FLASK_REQUESTS = frozenset({"flask.request", "flask.globals.request", "quart.request"})
FRAMEWORKS = ("django", "rest_framework")
VIEWS = ("django.views.", "django.contrib.", "rest_framework.")
FORMS = ("django.forms.", "rest_framework.serializers.")
REQUEST = "django.http.HttpRequest"
#: Part of a request -> the type as the table of serializers names it, and what to pass instead.
REQUEST_PARTS = {
    "user": ("django.Model", "its `pk`"),
    "session": ("django.Model", "its `session_key`"),
    "META": ("django.http.HttpRequest", "the values that the task needs"),
    "headers": ("django.http.HttpRequest", "the values that the task needs"),
    "FILES": ("django.UploadedFile", "the path of a saved copy"),
    "_request": ("django.http.HttpRequest", "the values that the task needs"),
}
FILES = ("FILES", "files")


@rule(
    Arguments,
    "CEL202",
    "celery-request-argument",
    CORRECTNESS,
    says="{shown}: {serializer} cannot encode it, `{task}` is never sent (EncodeError); "
    "pass {instead}",
)
def request_argument(arguments: Arguments, project: Project) -> Iterator[Report]:
    """A request belongs to the process that answers it: it holds sockets and lazy objects."""
    if arguments.in_test:
        return
    for whole in arguments.passed:
        for expr in parts_of(whole):
            part = request_part(arguments, expr)
            if part is None:
                continue
            shown, type_name, instead = part
            serializer = refused(arguments, type_name)
            if serializer is None:
                return
            user = expr[0] == "attr" and expr[3] == "user"
            yield report(
                arguments.at(expr[1]),
                shown=shown,
                serializer=serializer,
                task=task_shown(arguments),
                instead=instead,
                fix=True if user else None,
            )


@request_argument.fix(UNSAFE, "Pass the user's primary key")
def pass_user_key(finding: Finding, source: Source) -> Iterable[Edit]:
    """`request.user` to `request.user.pk`; the task has to load the user then."""
    _, _, row, column = finding.span
    yield Edit((row, column, row, column), ".pk")


def request_part(place: Subject, expr: Expr, depth: int = 0) -> tuple[str, str, str] | None:
    """What an expression is, where it is a request or a part of one that cannot be encoded: in
    words, its type, and what to pass instead."""
    if depth > DEEPEST:
        return None
    if is_request(place, expr):
        return ("This is the request itself", REQUEST, "the values that the task needs")
    if expr[0] == "name":
        values = values_of(place, expr)
        if len(values) == 1:
            at, value = values[0]
            return request_part(at, value, depth + 1) or form_of(at, value)
        return None
    if expr[0] == "attr" and expr[3] in REQUEST_PARTS and is_request(place, expr[2]):
        if is_flask(place, expr[2]):
            return None
        type_name, instead = REQUEST_PARTS[expr[3]]
        return (f"This is the `{expr[3]}` of a request", type_name, instead)
    files = expr[2] if expr[0] == "sub" else None
    if expr[0] == "call" and expr[2][0] == "attr" and expr[2][3] == "get":
        files = expr[2][2]
    if files is not None and files[0] == "attr" and files[3] in FILES:
        if is_request(place, files[2]):
            path = "the path of a saved copy"
            return ("This is an uploaded file", "django.UploadedFile", path)
    return form_of(place, expr)


def form_of(place: Subject, expr: Expr) -> tuple[str, str, str] | None:
    """The same for a form or serializer of the project."""
    if expr[0] != "call":
        return None
    cls = place.resolve(expr[2])
    if not isinstance(cls, Definition) or cls.facts.kind != "class":
        return None
    bases = [base for base in place.project.names.bases(cls) if isinstance(base, External)]
    if any(base.name.startswith(FORMS) for base in bases):
        return (f"This is a `{cls.facts.name}`", REQUEST, "its cleaned data")
    return None


def is_flask(place: Subject, expr: Expr) -> bool:
    """Whether an expression is Flask's own `request`."""
    target = place.resolve(expr)
    return isinstance(target, External) and target.name in FLASK_REQUESTS


def is_request(place: Subject, expr: Expr) -> bool:
    """Whether an expression is the request that is being answered."""
    if expr[0] == "attr" and expr[3] == "request" and expr[2][0] == "name":
        return is_view(place, expr[2])
    if expr[0] not in ("name", "attr"):
        return False
    if is_flask(place, expr):
        return True
    target = place.resolve(expr)
    if not isinstance(target, ParameterRef) or expr[0] != "name":
        return False
    function = target.module.facts.scopes[target.scope]
    if function.kind != "function":
        return False
    if place.project.task_around(target.module, target.scope) is not None:
        return False
    for number, parameter in enumerate(function.parameters):
        if parameter.name != target.name or parameter.kind not in ("positional", "either"):
            continue
        if parameter.annotation is not None:
            annotated = place.project.names.resolve(
                parameter.annotation, target.module, function.parent
            )
            return isinstance(annotated, External) and annotated.name in REQUEST_CLASSES
        first = number == 0 or (number == 1 and function.parameters[0].name in ("self", "cls"))
        if not first or target.name != "request" or not uses_framework(target.module):
            return False
        return not is_annotated_otherwise(place.project, target.module, function)
    return False


def is_annotated_otherwise(project: Project, module: LinkedModule, function: Scope) -> bool:
    """Whether a function says that its `request` is no request: facts keep no `request: dict`."""
    lines = project.text_of(module).decode("utf-8", "replace").splitlines()
    header = "".join(lines[function.span[0] - 1 : function.whole[2]])
    before, colon, after = header.partition("request:")
    annotation = after.partition(")")[0].partition(",")[0]
    return bool(colon) and "):" not in before and "Request" not in annotation


def uses_framework(module: LinkedModule) -> bool:
    """Whether a module imports a web framework whose views take a request."""
    return any(name.loaded.partition(".")[0] in FRAMEWORKS for name in module.facts.imports)


def is_view(place: Subject, expr: Expr) -> bool:
    """Whether a name is the `self` of a method of a view."""
    target = place.resolve(expr)
    if not isinstance(target, ParameterRef):
        return False
    function = target.module.facts.scopes[target.scope]
    owner = Definition(target.module, function.parent)
    if owner.facts.kind != "class" or [p.name for p in function.parameters][:1] != [target.name]:
        return False
    bases = [base for base in place.project.names.bases(owner) if isinstance(base, External)]
    return any(base.name.startswith(VIEWS) for base in bases)


# CEL205: numeric arrays and tables

ARRAY = "a numpy array"
SCALAR = "a numpy scalar"
FRAME = "a DataFrame"
SERIES = "a Series"
COLUMNS = "a Series or a DataFrame"
INDEX = "a pandas index"
SPAN = "a pandas object"
NOT_A_TIME = "`pandas.NaT`"
MADE_BY = {
    ARRAY: """numpy.array numpy.asarray numpy.zeros numpy.ones numpy.empty numpy.full numpy.arange
    numpy.linspace numpy.eye numpy.zeros_like numpy.ones_like numpy.concatenate numpy.stack
    numpy.vstack numpy.hstack numpy.fromiter numpy.frombuffer numpy.ndarray""",
    SCALAR: """numpy.int8 numpy.int16 numpy.int32 numpy.int64 numpy.intp numpy.int_ numpy.uint8
    numpy.uint16 numpy.uint32 numpy.uint64 numpy.float16 numpy.float32 numpy.bool_
    numpy.datetime64 numpy.timedelta64""",
    FRAME: """pandas.DataFrame pandas.read_csv pandas.read_excel pandas.read_parquet
    pandas.read_sql pandas.read_sql_query pandas.read_sql_table pandas.read_table
    pandas.read_feather pandas.read_pickle pandas.json_normalize pandas.merge""",
    SERIES: "pandas.Series",
    INDEX: "pandas.Index pandas.date_range",
    SPAN: "pandas.Timedelta pandas.Period pandas.Interval",
}
MAKERS = {name: kind for kind, names in MADE_BY.items() for name in names.split()}
#: Methods that give the kind that they are called on.
SAME_KIND = {
    FRAME: """head tail copy dropna fillna sort_values sort_index reset_index set_index rename drop
    astype drop_duplicates sample query merge assign""",
    SERIES: "head tail copy dropna fillna sort_values sort_index astype drop_duplicates map",
    ARRAY: "reshape astype copy flatten ravel transpose",
}
SAME_METHODS = {kind: frozenset(names.split()) for kind, names in SAME_KIND.items()}
OTHER_METHODS = {
    (FRAME, "to_numpy"): ARRAY,
    (SERIES, "to_numpy"): ARRAY,
    (SERIES, "value_counts"): SERIES,
}
ATTRIBUTES = {
    (FRAME, "values"): ARRAY,
    (SERIES, "values"): ARRAY,
    (FRAME, "index"): INDEX,
    (SERIES, "index"): INDEX,
    (FRAME, "columns"): INDEX,
    (FRAME, "T"): FRAME,
    (ARRAY, "T"): ARRAY,
}
#: Keywords with which a method or function gives something else.
OTHERWISE = frozenset({"inplace", "chunksize", "iterator", "sheet_name", "dtype_backend"})
REPAIRS = {ARRAY: ".tolist()", SERIES: ".tolist()", INDEX: ".tolist()", SCALAR: ".item()"}


@rule(
    Arguments,
    "CEL205",
    "celery-numpy-argument",
    CORRECTNESS,
    says="This argument is {what}: {serializer} cannot encode it, `{task}` is never sent "
    "(EncodeError)",
)
def numpy_argument(arguments: Arguments, project: Project) -> Iterator[Report]:
    """The encoder knows Python's own numbers and lists; `numpy.float64` is a `float`."""
    if arguments.in_test:
        return
    for whole in arguments.passed:
        for expr in parts_of(whole):
            what = numeric(arguments, expr)
            if what is None:
                continue
            serializer = arguments.serializer
            if what == NOT_A_TIME:
                if serializer != "json" or has_own_types(project):
                    continue
                says = "{what} arrives in `{task}` as the first day of the year 1"
                yield report(
                    arguments.at(expr[1]), says=says, what=what, task=task_shown(arguments)
                )
            elif refused(arguments, "dataclass") is not None:
                yield report(
                    arguments.at(expr[1]),
                    what=what,
                    serializer=serializer,
                    task=task_shown(arguments),
                    fix=REPAIRS.get(what) if expr[0] in ("name", "call", "attr") else None,
                )


@numpy_argument.fix(SAFE, "Pass Python's own numbers")
def pass_plain_numbers(finding: Finding, source: Source) -> Iterable[Edit]:
    """`array` to `array.tolist()`, `numpy.int64(x)` to `numpy.int64(x).item()`."""
    _, _, row, column = finding.span
    yield Edit((row, column, row, column), finding.fix_data)


def numeric(place: Subject, expr: Expr, depth: int = 0) -> str | None:
    """What an expression is, where it surely is an object of numpy or pandas that the encoders do
    not know."""
    read = READERS.get(expr[0])
    return None if read is None or depth > DEEPEST else read(place, expr, depth)


def _name(place: Subject, expr: Expr, depth: int) -> str | None:
    target = place.resolve(expr)
    if isinstance(target, ParameterRef):
        return _annotated(place, target)
    kinds = {numeric(at, value, depth + 1) for at, value in values_of(place, expr)}
    return kinds.pop() if len(kinds) == 1 else None


def _annotated(place: Subject, target: ParameterRef) -> str | None:
    function = target.module.facts.scopes[target.scope]
    for parameter in function.parameters:
        if parameter.name == target.name and parameter.annotation is not None:
            if parameter.kind in ("*", "**") or parameter.default is not None:
                return None
            names = place.project.names
            cls = names.resolve(parameter.annotation, target.module, function.parent)
            known = isinstance(cls, External) and cls.name.startswith(("numpy.", "pandas."))
            return MAKERS.get(cls.name) if known and isinstance(cls, External) else None
    return None


def _attribute(place: Subject, expr: Expr, depth: int) -> str | None:
    target = place.resolve(expr)
    if isinstance(target, External):
        return NOT_A_TIME if target.name == "pandas.NaT" else None
    owner = numeric(place, expr[2], depth + 1)
    return None if owner is None else ATTRIBUTES.get((owner, expr[3]))


def _call(place: Subject, expr: Expr, depth: int) -> str | None:
    if any(keyword is None or keyword in OTHERWISE for keyword, _, _ in expr[4]):
        return None
    callee = expr[2]
    target = place.resolve(callee)
    if isinstance(target, External):
        return MAKERS.get(target.name) if expr[3] or expr[4] else None
    if callee[0] != "attr":
        return None
    owner = numeric(place, callee[2], depth + 1)
    if owner is None:
        return None
    if callee[3] in SAME_METHODS.get(owner, ()):
        return owner
    return OTHER_METHODS.get((owner, callee[3]))


def _item(place: Subject, expr: Expr, depth: int) -> str | None:
    return COLUMNS if numeric(place, expr[2], depth + 1) == FRAME else None


READERS: dict[str, Callable[[Subject, Expr, int], str | None]] = {
    "name": _name,
    "attr": _attribute,
    "call": _call,
    "sub": _item,
}
