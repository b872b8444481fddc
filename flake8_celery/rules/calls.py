"""Calls of tasks: CEL220 to CEL259."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..celery.options import (
    CONFUSABLE,
    CONFUSED_EXECUTION_OPTIONS,
    EAGER_OPTIONS,
    EXECUTION_OPTIONS,
)
from ..celery.words import nearest
from ..project.canvas import Canvas
from ..project.configuration import django_setting
from ..project.dispatch import DIRECT, Dispatch, expects_error
from ..project.names import External, Variable
from ..project.retries import RetryCall
from ..project.subject import Subject
from ..project.values import Const, may_be
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
from .edits import call_at, text_at, without_keyword

if TYPE_CHECKING:
    import ast

    from ..facts import Expr
    from ..project import Project
    from ..project.signature import Signature
    from ..project.tasks import Task
    from ..source import Source

#: Options that people give to `delay` and `s`, which pass everything on to the task.
CALL_OPTIONS = frozenset(
    """args compression countdown eta exchange expires headers ignore_result kwargs link
    link_error priority queue retry retry_policy routing_key serializer shadow soft_time_limit
    task_id time_limit""".split()
)
#: Those of them that are hardly ever data for a task with `**kwargs`.
UNLIKELY_DATA = frozenset("countdown link_error retry_policy routing_key soft_time_limit".split())
#: Options that `Task.apply_async` gives itself (`celery/app/task.py`): giving them again raises.
GIVEN_TWICE = frozenset({"name", "result_cls", "task_type"})
#: Options of tasks that nobody reads when they are given to a call.
TASK_ONLY = frozenset(
    """acks_late autoretry_for base bind default_retry_delay max_retries rate_limit retry_backoff
    track_started""".split()
)
WITH_OPTIONS = frozenset({"apply_async", "apply_async_on_commit", "apply"})


def shown_call(dispatch: Dispatch) -> str:
    """`task.delay`, as messages name a call."""
    task = dispatch.task
    return f"{task.shown}.{dispatch.method}" if task is not None else dispatch.method


def checked_signature(dispatch: Dispatch) -> Signature | None:
    """The signature that a call has to fit, or None where it is not to be judged: the task is not
    known, something else than one call of the task gives its arguments, the task says
    `typing=False`, or a test waits for the error."""
    task = dispatch.task
    if task is None or dispatch.method == "send_task" or dispatch.expects_error:
        return None
    if not checks_arguments(task):
        return None
    return task.signature_here if dispatch.method == "apply" else task.signature


def checks_arguments(task: Task) -> bool:
    """Whether neither the task (`typing=False`) nor its app (`strict_typing=False`) says that
    what it takes is not what its function's parameters say."""
    typing = task.written("typing")
    if typing is not None and not typing.value:
        return False
    return all(app.argument("strict_typing") is None for app in task.apps)


# CEL220: a call that does not fit


@rule(
    Dispatch,
    "CEL220",
    "celery-task-call-mismatch",
    CORRECTNESS,
    says="`{call}()` does not fit `{task}`: {reason} (TypeError {when})",
)
def call_mismatch(dispatch: Dispatch, project: Project) -> Iterator[Report]:
    """`Task.apply_async` calls `__header__` with the arguments, where there is one."""
    signature = checked_signature(dispatch)
    if signature is None or dispatch.arguments is None or dispatch.keywords is None:
        return
    task = dispatch.task
    assert task is not None
    names = {p.name for p in signature.parameters}
    given = set(dispatch.keywords)
    if dispatch.method in DIRECT:
        # Those are for CEL222.
        given -= CALL_OPTIONS - names
    elif dispatch.method in WITH_OPTIONS:
        # Those are for CEL221.
        given |= set(dispatch.options) & names - EXECUTION_OPTIONS
    if dispatch.open_options and dispatch.builds:
        return
    reason = signature.bind(len(dispatch.arguments), given)
    if reason is None:
        return
    may_get_more = dispatch.method in ("s", "signature", "subtask") or not dispatch.complete
    # A signature with a name may have its arguments written to it later.
    may_get_more = may_get_more or (dispatch.method == "si" and dispatch.within == "Assign")
    if may_get_more and reason.startswith("missing"):
        return
    first = dispatch.arguments[0] if dispatch.arguments else None
    if first is not None and task.bind and is_task_itself(dispatch, first):
        if signature.bind(len(dispatch.arguments) - 1, given) is None:
            reason += "; Celery passes the task itself"
    by_name = "positional-only" in reason
    late = by_name or dispatch.method == "apply" or not task.checked_when_sent
    related = Related(Where(task.function.module, task.function.facts.span), "the task's function")
    yield report(
        dispatch.where,
        related,
        call=shown_call(dispatch),
        task=signature_text(task, signature),
        reason=reason,
        when="where it runs" if late else "when it is sent",
    )


def is_task_itself(dispatch: Dispatch, argument: Expr) -> bool:
    """Whether an argument is given for the task's own parameter: `self`, or None."""
    if argument[0] == "const":
        return argument[2] is None
    caller = dispatch.caller
    return argument[0] == "name" and caller is not None and argument[2] == caller.task_parameter


def signature_text(task: Task, signature: Signature) -> str:
    """`add(x, y=...)`, as messages show what a task takes."""
    parts = []
    seen_keyword = False
    for place, parameter in enumerate(signature.parameters):
        if parameter.kind == "keyword" and not seen_keyword:
            seen_keyword = True
            if not any(p.kind == "*" for p in signature.parameters):
                parts.append("*")
        star = parameter.kind if parameter.kind in ("*", "**") else ""
        default = "=..." if parameter.default is not None else ""
        parts.append(f"{star}{parameter.name}{default}")
        following = signature.parameters[place + 1 : place + 2]
        if parameter.kind == "positional" and not (following and following[0].kind == "positional"):
            parts.append("/")
    return f"{task.shown}({', '.join(parts)})"


# CEL221: an argument given as an option


@rule(
    Dispatch,
    "CEL221",
    "celery-task-argument-as-option",
    CORRECTNESS,
    says="`{name}` is a parameter of `{task}`, but `{method}()` takes it for an option of the "
    "message: the task never gets it; pass it in `kwargs`",
)
def argument_as_option(dispatch: Dispatch, project: Project) -> Iterator[Report]:
    """`Task.apply_async(args, kwargs, ..., **options)`: other keywords become properties."""
    if dispatch.method not in WITH_OPTIONS or dispatch.canvas is not None:
        return
    signature = checked_signature(dispatch)
    if signature is None or dispatch.task is None:
        return
    names = {p.name for p in signature.parameters if p.kind in ("either", "keyword")}
    names -= known_options(dispatch)
    if not names & set(dispatch.options):
        return
    if dispatch.keywords is None:
        raise Undecided(f"the keyword arguments of the task at {dispatch.where.shown}")
    for name, (value, span) in dispatch.options.items():
        if name not in names or name in dispatch.keywords:
            continue
        yield report(
            dispatch.at(span),
            name=name,
            task=dispatch.task.shown,
            method=dispatch.method,
            fix=[dispatch.call[1], name, value[1]],
        )


@argument_as_option.fix(UNSAFE, "Pass it in `kwargs`")
def move_into_kwargs(finding: Finding, source: Source) -> Iterable[Edit]:
    """Takes the keyword out and puts it into the `kwargs` of the call."""
    import ast

    place, name, value = finding.fix_data
    call = call_at(source, place)
    if call is None:
        return
    kwargs = next((k.value for k in call.keywords if k.arg == "kwargs"), None)
    if kwargs is None and len(call.args) > 1:
        kwargs = call.args[1]
    text = f'"{name}": {text_at(source, value)}'
    if kwargs is None:
        # Over the whole call, so that a second argument waits for the next pass.
        yield whole(source, call, [Edit(finding.span, f"kwargs={{{text}}}")])
        return
    removed = without_keyword(source, place, name)
    if not isinstance(kwargs, ast.Dict) or removed is None:
        return
    if kwargs.values:
        _, _, row, column = source.span(kwargs.values[-1])
        added = Edit((row, column, row, column), f", {text}")
    else:
        added = Edit(source.span(kwargs), f"{{{text}}}")
    yield whole(source, call, [removed, added])


def whole(source: Source, call: ast.Call, edits: list[Edit]) -> Edit:
    """Edits inside a call as one edit of the call."""
    place = source.span(call)
    start, end = source.offset(*place[:2]), source.offset(*place[2:])
    text = source.text
    for edit in sorted(edits, key=lambda edit: tuple(edit.span), reverse=True):
        row, column, end_row, end_column = edit.span
        before, after = source.offset(row, column), source.offset(end_row, end_column)
        text = text[:before] + edit.text + text[after:]
    return Edit(place, text[start : end + len(text) - len(source.text)])


def known_options(dispatch: Dispatch) -> frozenset[str]:
    """The options that a method reads or hands on."""
    return EXECUTION_OPTIONS | EAGER_OPTIONS if dispatch.method == "apply" else EXECUTION_OPTIONS


# CEL222: options given to the task


@rule(
    Dispatch,
    "CEL222",
    "celery-delay-with-options",
    CORRECTNESS,
    says="`{method}()` passes {options} to `{task}`, which has no such parameter: TypeError; "
    "options belong to {instead}",
)
def delay_with_options(dispatch: Dispatch, project: Project) -> Iterator[Report]:
    """`Task.delay(*args, **kwargs)` is `apply_async(args, kwargs)`, and `s` the same."""
    if dispatch.method not in DIRECT or dispatch.canvas is not None or dispatch.partial:
        return
    options = [name for name in dispatch.keyword_places if name in CALL_OPTIONS]
    if not options:
        return
    signature = checked_signature(dispatch)
    if signature is None or dispatch.task is None:
        return
    names = {p.name for p in signature.parameters}
    options = [name for name in options if name not in names]
    says = None
    if signature.takes_any_keyword:
        options = [name for name in options if name in UNLIKELY_DATA]
        if spreads_keywords(dispatch.task, signature):
            return
        says = (
            "`{method}()` passes {options} to `{task}` in its `**` parameter, not to Celery; "
            "options belong to {instead}"
        )
    if not options:
        return
    plain = dispatch.arguments is not None and dispatch.keywords is not None
    lists = {"args", "kwargs"} & set(options)
    lists_only = not dispatch.arguments and set(dispatch.keyword_places) <= set(options)
    fixable = plain and (not lists or (lists_only and dispatch.method == "delay"))
    yield report(
        dispatch.at(dispatch.keyword_places[options[0]]),
        says=says,
        options=", ".join(f"`{name}`" for name in options),
        task=dispatch.task.shown,
        method=dispatch.method,
        instead="`.set()`" if dispatch.builds else "`apply_async()`",
        fix=[dispatch.call[1], options] if fixable and says is None else None,
    )


def spreads_keywords(task: Task, signature: Signature) -> bool:
    """Whether the task's body hands its `**` parameter on in a call that was recorded."""
    rest = next(p.name for p in signature.parameters if p.kind == "**")
    module, scope = task.function.module, task.function.scope
    for expression in module.facts.expressions:
        call = expression.expr
        if call[0] == "call" and module.enclosing_function(expression.scope) == scope:
            if any(k is None and v[0] == "name" and v[2] == rest for k, v, _ in call[4]):
                return True
            if any(v[0] == "name" and v[2] == rest for _, v, _ in call[4]):
                return True
    return False


@delay_with_options.fix(SAFE, "Give the options to Celery")
def give_to_celery(finding: Finding, source: Source) -> Iterable[Edit]:
    """`t.delay(a, k=v, countdown=5)` to `t.apply_async(args=(a,), kwargs={"k": v}, countdown=5)`,
    and `t.s(a, countdown=5)` to `t.s(a).set(countdown=5)`."""
    import ast

    place, names = finding.fix_data
    call = call_at(source, place)
    if call is None or not isinstance(call.func, ast.Attribute):
        return
    if "#" in text_at(source, place):
        # A comment would be lost.
        return
    receiver = text_at(source, source.span(call.func.value))
    method = call.func.attr
    own = [k for k in call.keywords if k.arg not in names]
    options = [text_at(source, source.span(k)) for k in call.keywords if k.arg in names]
    positional = [text_at(source, source.span(a)) for a in call.args]
    if method in ("s", "si"):
        arguments = ", ".join([*positional, *(text_at(source, source.span(k)) for k in own)])
        new = f"{receiver}.{method}({arguments}).set({', '.join(options)})"
    else:
        parts = []
        if positional:
            comma = "," if len(positional) == 1 else ""
            parts.append(f"args=({', '.join(positional)}{comma})")
        if own:
            pairs = [f'"{k.arg}": {text_at(source, source.span(k.value))}' for k in own]
            parts.append(f"kwargs={{{', '.join(pairs)}}}")
        target = "apply_async_on_commit" if method == "delay_on_commit" else "apply_async"
        new = f"{receiver}.{target}({', '.join([*parts, *options])})"
    yield Edit(source.span(call), new)


# CEL223: options that nobody reads


@rule(
    Dispatch,
    "CEL223",
    "celery-unknown-call-option",
    CORRECTNESS,
    says="`{option}` is no option of `{method}()`: it becomes a property of the message that "
    "nobody reads{hint}",
)
def unknown_call_option(dispatch: Dispatch, project: Project) -> Iterator[Report]:
    """`AMQP.send_task_message` hands what it does not know to the producer as properties."""
    if dispatch.method not in WITH_OPTIONS or dispatch.canvas is not None or dispatch.in_test:
        return
    known = known_options(dispatch)
    strange = [name for name in dispatch.options if name not in known or name in GIVEN_TWICE]
    if not strange:
        return
    signature = checked_signature(dispatch)
    if signature is None:
        return
    names = {p.name for p in signature.parameters}
    stamped = stamped_headers(dispatch)
    for name in strange:
        if name in names or (name in stamped if stamped is not None else name not in GIVEN_TWICE):
            continue
        where = dispatch.at(dispatch.options[name][1])
        if name in GIVEN_TWICE:
            yield report(
                where,
                says="`{option}` is given by `{method}()` itself: TypeError, got multiple values",
                option=name,
                method=dispatch.method,
            )
            continue
        meant = meant_option(name, known)
        hint = f"; did you mean `{meant}`?" if meant else ""
        if name in TASK_ONLY:
            hint, meant = "; it is an option of the task, for its decorator", None
        yield report(
            where, option=name, method=dispatch.method, hint=hint, fix=meant and [name, meant]
        )


def meant_option(name: str, known: frozenset[str]) -> str | None:
    """The option that a name which is none probably means."""
    if name in TASK_ONLY:
        return None
    meant = CONFUSED_EXECUTION_OPTIONS.get(name) or CONFUSABLE.get(name)
    if meant is None and len(name) >= 4:
        meant = nearest(name, sorted(option for option in known if len(option) >= 5))
    return meant if meant in known else None


def stamped_headers(dispatch: Dispatch) -> set[str] | None:
    """The keys that `stamped_headers` of a call lists; None where they are not known."""
    given = dispatch.options.get("stamped_headers")
    if given is None:
        return set()
    value = dispatch.evaluate(given[0])
    return {str(item) for item in value.value or ()} if value.known else None


@unknown_call_option.fix(UNSAFE, "Rename the option")
def rename_option(finding: Finding, source: Source) -> Iterable[Edit]:
    """Writes the option that was probably meant."""
    name, meant = finding.fix_data
    row, column, _, _ = finding.span
    yield Edit((row, column, row, column + len(name)), meant)


# CEL226: naive local times

NAIVE = frozenset({"datetime.datetime.now", "datetime.datetime.today"})
DATES = frozenset({"datetime.date", "datetime.date.today", "datetime.date.fromtimestamp"})


class TimeOption(Subject):
    """An `eta` or `expires` that a call of a task, a signature or `retry` is given: `name` is
    which, `expr` its value."""

    __slots__ = ("expr", "name")

    def __init__(self, made: Subject, name: str, expr: Expr) -> None:
        super().__init__(made.project, made.module, made.scope, made.block, expr[1])
        self.name = name
        self.expr = expr

    @classmethod
    def collect(cls, project: Project) -> list[TimeOption]:
        """All of them, in dispatches, signatures and retries."""
        found: dict[tuple[str, int, int], TimeOption] = {}
        given: list[tuple[Subject, dict[str, Expr]]] = []
        for dispatch in project.all(Dispatch):
            if dispatch.task is not None or dispatch.method == "send_task":
                given.append((dispatch, {k: v for k, (v, _) in dispatch.options.items()}))
        for canvas in project.all(Canvas):
            given.append((canvas, {k: v for k, (v, _) in canvas.options.items()}))
        for retry in project.all(RetryCall):
            given.append((retry, {k: v for k, v, _ in retry.call[4] if k}))
        for made, options in given:
            for name in ("eta", "expires"):
                if name in options:
                    expr = options[name]
                    place = (made.module.path, expr[1][0], expr[1][1])
                    found.setdefault(place, cls(made, name, expr))
        return [found[place] for place in sorted(found)]


@rule(
    TimeOption,
    "CEL226",
    "celery-naive-eta",
    CORRECTNESS,
    says="`{option}` gets a local time without a time zone, and Celery takes it for UTC: off by "
    "the machine's UTC offset",
)
def naive_eta(given: TimeOption, project: Project) -> Iterator[Report]:
    """`celery/utils/time.py` (`maybe_make_aware`, `naive_as_utc=True`), `worker/request.py`."""
    expr = given.expr
    leaf = naive_leaf(given, expr, 0)
    if leaf is not None:
        if lives_in_utc(project, given.where):
            return
        direct = tuple(leaf[1][:2]) >= tuple(expr[1][:2]) and leaf[1][2] <= expr[1][2]
        yield report(given.where, option=given.name, fix=leaf[1] if direct else None)
    elif given.name == "eta" and is_date(given, expr, 0):
        yield report(
            given.where,
            option=given.name,
            says="`{option}` gets a date, which means 00:00 UTC of that day",
        )


def lives_in_utc(project: Project, where: Where) -> bool:
    """Whether Django sets the process's time zone to UTC, or may do so."""
    zone = django_setting(project, "TIME_ZONE", where)
    return zone is not None and may_be(zone, ("UTC", "Etc/UTC", "GMT").__contains__)


def naive_leaf(subject: Subject, expr: Expr, depth: int) -> Expr | None:
    """The call inside an expression that makes it a naive local time, or None."""
    if depth > 10:
        return None
    if expr[0] == "binary" and expr[2] in ("+", "-"):
        return naive_leaf(subject, expr[3], depth + 1) or naive_leaf(subject, expr[4], depth + 1)
    if expr[0] == "name":
        value = only_value(subject, expr)
        return None if value is None else naive_leaf(subject, value, depth + 1)
    if expr[0] != "call":
        return None
    callee, keywords = expr[2], [keyword for keyword, _, _ in expr[4]]
    if any(a[0] == "star" for a in expr[3]) or None in keywords:
        return None
    if callee[0] == "attr" and callee[3] == "replace" and "tzinfo" not in keywords:
        inner = naive_leaf(subject, callee[2], depth + 1)
        return None if inner is None or len(expr[3]) > 7 else inner
    target = subject.resolve(callee)
    if not isinstance(target, External):
        return None
    name, count = target.name, len(expr[3])
    if name in NAIVE and not expr[3] and not keywords:
        return expr
    if name == "datetime.datetime" and "tzinfo" not in keywords and 3 <= count <= 7:
        return expr
    if name == "datetime.datetime.fromtimestamp" and count == 1 and not keywords:
        return expr
    if name == "datetime.datetime.combine" and count == 2 and not keywords:
        return expr if is_naive_clock(subject, expr[3][1]) else None
    if name == "django.utils.timezone.now":
        aware = django_setting(subject.project, "USE_TZ", subject.where)
        return expr if isinstance(aware, Const) and aware.constant is False else None
    return None


def is_naive_clock(subject: Subject, expr: Expr) -> bool:
    """Whether an expression is a `datetime.time` without a time zone."""
    callee = expr[2] if expr[0] == "call" else expr
    target = subject.resolve(callee)
    if not isinstance(target, External):
        return False
    if expr[0] == "call":
        keywords = [keyword for keyword, _, _ in expr[4]]
        return (
            target.name == "datetime.time"
            and len(expr[3]) <= 4
            and "tzinfo" not in keywords
            and None not in keywords
            and not any(a[0] == "star" for a in expr[3])
        )
    return target.name in ("datetime.time.min", "datetime.time.max", "datetime.datetime.min.time")


def is_date(subject: Subject, expr: Expr, depth: int) -> bool:
    """Whether an expression is surely a `datetime.date`, no datetime."""
    if depth > 10:
        return False
    if expr[0] == "binary" and expr[2] in ("+", "-"):
        return is_date(subject, expr[3], depth + 1)
    if expr[0] == "name":
        value = only_value(subject, expr)
        return value is not None and is_date(subject, value, depth + 1)
    if expr[0] != "call":
        return False
    target = subject.resolve(expr[2])
    return isinstance(target, External) and target.name in DATES


def only_value(subject: Subject, expr: Expr) -> Expr | None:
    """The value of a name of the same function or module that is assigned once, or None."""
    target = subject.resolve(expr)
    if not isinstance(target, Variable) or target.module is not subject.module:
        return None
    if len(target.module.bindings(target.scope, target.name)) != 1:
        return None
    if len(target.assignments) != 1 or target.assignments[0].op != "=":
        return None
    return target.assignments[0].value


@naive_eta.fix(UNSAFE, "Make the time aware of its zone")
def make_aware(finding: Finding, source: Source) -> Iterable[Edit]:
    """`datetime.now()` to `datetime.now().astimezone()`, the same moment with its UTC offset."""
    _, _, row, column = finding.fix_data
    yield Edit((row, column, row, column), ".astimezone()")


# CEL234: a signature that is built and dropped


@rule(
    Canvas,
    "CEL234",
    "celery-signature-not-applied",
    CORRECTNESS,
    says="This {kind} is built and dropped: nothing is sent; call {instead}",
)
def signature_not_applied(canvas: Canvas, project: Project) -> Iterator[Report]:
    """A `Signature` is a dict (`celery/canvas.py`); building one sends nothing."""
    if canvas.within != "Expr" or canvas.kind == "unknown" or expects_error(canvas):
        return
    if canvas.kind == "chord" and len(canvas.steps) < 2:
        return
    expr = canvas.expr
    if expr[0] == "call" and expr[2][0] == "call":
        return
    while expr[0] == "call" and expr[2][0] == "attr" and expr[2][2][0] in ("call", "name"):
        if expr[2][3] not in ("set", "clone", "on_error", "stamp"):
            break
        expr = expr[2][2]
    if expr[0] == "name":
        # `sig.set(...)` changes what the name holds.
        return
    yield report(canvas.where, kind=canvas.kind, instead="`.delay()` or `.apply_async()` on it")
