"""Beat: the entries of every schedule, and every `crontab` of the project.

Entries come from the setting `beat_schedule` of each app, from calls of `add_periodic_task`, and
from rows that the code writes into django-celery-beat's table.  A call becomes the entry that
`Celery._sig_to_periodic_task_entry` makes of it (`celery/app/base.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..celery.crontab import FIELDS, Crontab, CrontabError, parse
from ..facts import Expr, Span
from ..rule import Undecided, Where
from .apps import App, app_of_expr, default_app, key_span
from .configuration import Setting
from .django import django_setting
from .loose_settings import loose_settings
from .names import Definition, External, LinkedModule, Target, Variable, sole_value
from .subject import Subject
from .values import Const, Entry, Items, Made, Mapping, Unknown, Value, may_be, put

if TYPE_CHECKING:
    from . import Project
    from .tasks import Task

CRONTAB = "celery.schedules.crontab"
SCHEDULE = "celery.schedules.schedule"
TIMEDELTAS = frozenset({"datetime.timedelta", "django.utils.timezone.timedelta"})
# The order of `datetime.timedelta`'s parameters, and their seconds.
TIMEDELTA_SECONDS = {
    "days": 86400.0,
    "seconds": 1.0,
    "microseconds": 1e-6,
    "milliseconds": 1e-3,
    "minutes": 60.0,
    "hours": 3600.0,
    "weeks": 604800.0,
}
BEAT_MODELS = "django_celery_beat.models."
MAKING_ROWS = frozenset("create get_or_create update_or_create".split())
SIGNATURE_METHODS = frozenset("s si signature subtask".split())

# What wrote an entry.
SETTING = "setting"
CALL = "call"
ROW = "row"

PERSISTENT = "persistent"
DATABASE = "database"
REDBEAT = "redbeat"


class BeatEntry(Subject):
    """One entry of a schedule; `span` is its key, or the call that adds it.

    `source` is "setting", "call" (`add_periodic_task`) or "row" (`PeriodicTask.objects...`);
    `key` is its name, or None where that is not known; `entry` holds its fields as the setting
    `beat_schedule` would, for a row the fields of the model.  `group` is equal for entries that
    stand in one schedule at the same time."""

    __slots__ = ("app", "entry", "group", "in_development", "key", "signature", "source")

    def __init__(
        self,
        project: Project,
        where: Where,
        scope: int,
        block: int,
        source: str,
        key: str | None,
        entry: Mapping,
        app: App | None,
        group: object,
    ) -> None:
        super().__init__(project, where.module, scope, block, where.span)
        self.source = source
        self.key = key
        self.entry = entry
        self.app = app
        self.group = group
        self.in_development = False
        self.signature: Signature | None = None

    def __repr__(self) -> str:
        return f"BeatEntry({self.key!r}, {self.where.shown})"

    @classmethod
    def collect(cls, project: Project) -> list[BeatEntry]:
        """Every entry of the project, one per place, in the order of modules and rows."""
        found: dict[tuple[str, int, int], BeatEntry] = {}
        for entry in (
            *_entries_of_settings(project),
            *_entries_of_loose_settings(project),
            *_entries_of_calls(project),
        ):
            place = (entry.module.path, entry.span[0], entry.span[1])
            found.setdefault(place, entry)
        return [found[place] for place in sorted(found)]

    @property
    def in_test(self) -> bool:
        """Whether it stands in test code, or in settings for tests or development only."""
        return self.in_development or super().in_test

    @property
    def shown(self) -> str:
        """How messages call the entry: its key, else its task."""
        if self.key is not None:
            return self.key
        task = self.entry.entry("task")
        if task is not None and isinstance(task.item, Const):
            return str(task.item.constant)
        return "add_periodic_task" if self.source == CALL else "PeriodicTask"

    def field(self, name: str) -> Value | None:
        """The value of a field; None when it is not given.  Raises Undecided as `Mapping.get`."""
        return self.entry.get(name)

    def field_where(self, name: str) -> Where:
        """Where a field's key is written in the entry's own module, else the entry's place."""
        found = self.entry.entry(name)
        if found is not None and found.where.module is self.module:
            return found.where
        return self.where

    def holds(self, value: Value) -> bool:
        """Whether a value is written in the entry itself, not somewhere that a name stands for."""
        span, inside = self.entry.span, value.span
        return (
            value.where.module is self.module is self.entry.where.module
            and tuple(span[:2]) <= tuple(inside[:2])
            and tuple(inside[2:]) <= tuple(span[2:])
        )

    @property
    def task_value(self) -> Value | None:
        """What the entry gives as its task."""
        return self.field("task")

    @property
    def schedule(self) -> Value | None:
        """What the entry gives as its schedule."""
        return self.field("schedule")

    @property
    def args(self) -> Value | None:
        """The positional arguments that the task gets."""
        return self.field("args")

    @property
    def kwargs(self) -> Value | None:
        """The keyword arguments that the task gets."""
        return self.field("kwargs")

    @property
    def options(self) -> Value | None:
        """The execution options."""
        return self.field("options")

    @property
    def task_name(self) -> str | None:
        """The name of the task it runs; None when that is not known or no text."""
        if self.signature is not None and self.signature.task is not None:
            return self.signature.task.name
        found = self.entry.entry("task")
        if found is None or not isinstance(found.item, Const):
            return None
        constant = found.item.constant
        return constant if isinstance(constant, str) else None

    @property
    def tasks(self) -> list[Task]:
        """The tasks of the project that it may run: one, or several of the same name."""
        from .tasks import tasks_named

        if self.signature is not None and self.signature.task is not None:
            return [self.signature.task]
        name = self.task_name
        return [] if name is None else tasks_named(self.project, name)

    @property
    def scheduler(self) -> str | None:
        """Which scheduler reads the entry: "persistent" (Celery's own), "database"
        (django-celery-beat), "redbeat", or None when that is not known."""
        if self.source == ROW:
            return DATABASE
        app = self.app or default_app(self.project)
        return None if app is None else scheduler_of(self.project, app)

    @property
    def crontab(self) -> Crontab | None:
        """The crontab it runs at; None when its schedule is none.  Raises Undecided when that is
        not known, or when Celery rejects it."""
        return crontab_of(_required(self.schedule, self))

    @property
    def interval(self) -> float | None:
        """The seconds between two runs; None when its schedule is no interval.  Raises Undecided
        when that is not known."""
        return interval_of(_required(self.schedule, self))


class Signature:
    """What `add_periodic_task` is given as the signature: a task, and what it carries.

    `args`, `kwargs` and `options` are as for the task; `immutable` signatures take no more
    arguments."""

    __slots__ = ("args", "immutable", "kwargs", "options", "task")

    def __init__(self, task: Task | None, args: Value, kwargs: Value, where: Where) -> None:
        self.task = task
        self.args = args
        self.kwargs = kwargs
        self.options: Value = Mapping(where, [], False)
        self.immutable = False


class CrontabCall(Subject):
    """One call of `crontab(...)`, or of django-celery-beat's `CrontabSchedule`.

    `fields` holds the given fields by name, positional ones included; `spans` where each is
    written; `positional` counts the positional arguments; `others` are further keywords, with
    their spans; `open` says that some arguments are not known.  `row` is True for a
    `CrontabSchedule`, whose fields are texts."""

    __slots__ = ("call", "fields", "open", "others", "positional", "row", "spans", "split")

    def __init__(
        self, project: Project, module: LinkedModule, scope: int, block: int, call: Expr, row: bool
    ) -> None:
        super().__init__(project, module, scope, block, call[1])
        self.call = call
        self.row = row
        self.fields: dict[str, Value] = {}
        self.spans: dict[str, Span] = {}
        self.others: dict[str, tuple[Value, Span]] = {}
        self.open = False
        self.split: Span | None = None
        self.positional = 0
        self._read(call)

    @classmethod
    def collect(cls, project: Project) -> list[CrontabCall]:
        """Every such call, in the order of modules and rows."""
        found = []
        for module in project.modules:
            for scope, block, call, _ in module.facts.expressions:
                if call[0] != "call" or call[2][0] not in ("name", "attr"):
                    continue
                if is_crontab(project.names.resolve(call[2], module, scope)):
                    found.append(cls(project, module, scope, block, call, False))
                elif _row_of(project, module, scope, call) == "CrontabSchedule":
                    found.append(cls(project, module, scope, block, call, True))
        return found

    def _read(self, call: Expr) -> None:
        places = list(FIELDS)
        for argument in call[3]:
            values = [self.evaluate(argument)] if argument[0] != "star" else None
            if values is None:
                inner = self.evaluate(argument[2])
                if not isinstance(inner, Items) or inner.open:
                    self.open = True
                    continue
                values = inner.items
                self.split = argument[1]
            for value in values:
                if self.positional < len(places) and not self.row:
                    self.fields[places[self.positional]] = value
                    self.spans[places[self.positional]] = argument[1]
                self.positional += 1
        for keyword, expr, span in call[4]:
            value = self.evaluate(expr)
            if keyword is None:
                self._read_mapping(value, expr[1])
            elif self.row and keyword == "defaults":
                self._read_mapping(value, expr[1])
            else:
                self._put(keyword, value, expr[1], span)

    def _put(self, name: str, value: Value, span: Span, keyword: Span) -> None:
        if name in FIELDS:
            self.fields[name] = value
            self.spans[name] = span
        else:
            self.others[name] = (value, keyword)

    def _read_mapping(self, value: Value, span: Span) -> None:
        if not isinstance(value, Mapping) or value.open:
            self.open = True
            return
        for entry in value.entries:
            if isinstance(entry.key, Const) and isinstance(entry.key.constant, str):
                self._put(entry.key.constant, entry.item, span, span)
            else:
                self.open = True

    @property
    def entries(self) -> list[BeatEntry]:
        """The entries of schedules that run at this very call's crontab."""
        place = (self.module.path, tuple(self.span))
        index: dict[Any, list[BeatEntry]] | None = self.project.kept.get("entries by schedule")
        if index is None:
            index = {}
            for entry in self.project.all(BeatEntry):
                found = entry.entry.entry("schedule")
                if found is not None:
                    at = found.item.where
                    index.setdefault((at.module.path, tuple(at.span)), []).append(entry)
            self.project.kept["entries by schedule"] = index
        return index.get(place, [])


# What schedules mean


def is_crontab(target: Target) -> bool:
    """Whether a resolved name is Celery's `crontab`."""
    return isinstance(target, External) and target.name == CRONTAB


def crontab_of(value: Value) -> Crontab | None:
    """The crontab that a value is; None for other schedules.  Raises Undecided when that is not
    known, or when Celery rejects it."""
    if isinstance(value, Made) and value.callee == CRONTAB:
        if value.starred:
            raise Undecided(f"arguments of `crontab` at {value.where.shown}")
        fields = dict(zip(FIELDS, value.args, strict=False)) | value.kwargs
        try:
            return parse({k: v.value for k, v in fields.items() if k not in ("nowfun", "app")})
        except CrontabError as error:
            raise Undecided(str(error)) from error
    interval_of(value)
    return None


def interval_of(value: Value) -> float | None:
    """The seconds of an interval: a number, a timedelta or Celery's `schedule`; None for a
    crontab.  Raises Undecided when that is not known."""
    if isinstance(value, Made) and value.callee == CRONTAB:
        return None
    if isinstance(value, Made) and value.callee == SCHEDULE and not value.starred:
        given = value.args[0] if value.args else value.kwargs.get("run_every")
        if given is not None:
            return seconds_of(given)
    return seconds_of(value)


def seconds_of(value: Value) -> float:
    """The seconds of a number or a timedelta.  Raises Undecided for anything else."""
    try:
        return _seconds(value)
    except OverflowError:
        raise Undecided(f"a number without end at {value.where.shown}") from None


def _seconds(value: Value) -> float:
    if isinstance(value, Const) and isinstance(value.constant, (int, float)):
        return float(value.constant)
    if isinstance(value, Made) and isinstance(value.callee, str) and not value.starred:
        if value.callee in TIMEDELTAS:
            given = dict(zip(TIMEDELTA_SECONDS, value.args, strict=False)) | value.kwargs
            seconds = 0.0
            for name, part in given.items():
                number = part.value
                if name not in TIMEDELTA_SECONDS or not isinstance(number, (int, float)):
                    raise Undecided(f"a timedelta at {value.where.shown}")
                seconds += number * TIMEDELTA_SECONDS[name]
            return seconds
        if value.callee in ("operator.+", "operator.-", "operator.*"):
            left, right = (_seconds(part) for part in value.args)
            operator = value.callee[-1]
            if operator == "*":
                return left * right
            return left + right if operator == "+" else left - right
    raise Undecided(f"{value.describe()} as a number of seconds")


def scheduler_of(project: Project, app: App) -> str | None:
    """The scheduler that an app's beat uses, or None when that is not known."""
    try:
        value = app.configuration.get("beat_scheduler")
    except Undecided:
        return None
    if value is None:
        # The scheduler may be chosen on the command line of beat.
        return None if _may_have_database_scheduler(project, app.where) else PERSISTENT
    if not isinstance(value, Const) or not isinstance(value.constant, str):
        return None
    name = value.constant.replace(":", ".")
    if name in ("celery.beat.PersistentScheduler", "celery.beat.Scheduler"):
        return PERSISTENT
    if name in ("django", "django_celery_beat.schedulers.DatabaseScheduler"):
        return DATABASE
    return REDBEAT if name.startswith("redbeat.") and name.endswith("RedBeatScheduler") else None


def _may_have_database_scheduler(project: Project, where: Where) -> bool:
    """Whether django-celery-beat is one of Django's apps or is imported, or may be."""
    known: bool | None = project.kept.get("django_celery_beat")
    if known is None:
        apps = django_setting(project, "INSTALLED_APPS", where)
        known = any(
            not isinstance(option, Items)
            or option.open
            or any(may_be(item, _is_of_beat) for item in option.items)
            for option in (apps.alternatives() if apps is not None else ())
        ) or any(
            name.loaded.partition(".")[0] == "django_celery_beat"
            for module in project.modules
            for name in module.facts.imports
        )
        project.kept["django_celery_beat"] = known
    return known


def _is_of_beat(text: object) -> bool:
    return str(text).partition(".")[0] == "django_celery_beat"


def _required(value: Value | None, entry: BeatEntry) -> Value:
    if value is None:
        raise Undecided(f"no schedule at {entry.where.shown}")
    return value


# Entries of settings


def _entries_of_settings(project: Project) -> Iterator[BeatEntry]:
    for setting in project.all(Setting):
        try:
            if setting.name != "beat_schedule":
                continue
        except Undecided:
            if setting.name_in(False) != "beat_schedule":
                continue
        for entry in entries_in(project, setting.value, setting.app, setting.scope):
            entry.in_development = not setting.production
            yield entry


def _entries_of_loose_settings(project: Project) -> Iterator[BeatEntry]:
    for setting in loose_settings(project, "beat_schedule"):
        for entry in entries_in(project, setting.value, None, setting.scope):
            entry.in_development = not setting.production
            yield entry


def entries_in(project: Project, value: Value, app: App | None, scope: int) -> Iterator[BeatEntry]:
    for schedule in value.alternatives():
        if not isinstance(schedule, Mapping):
            continue
        for written in schedule.entries:
            entry = _as_mapping(written.item)
            key = written.key
            if entry is None or not isinstance(key, Const):
                continue
            name = key.constant if isinstance(key.constant, str) else str(key.constant)
            group = (schedule.where.module.path, tuple(schedule.where.span))
            inside = scope if written.where.module is schedule.where.module else 0
            yield BeatEntry(project, written.where, inside, 0, SETTING, name, entry, app, group)


def _as_mapping(value: Value) -> Mapping | None:
    """The fields of an entry; those of one that may be changed later are not closed."""
    if isinstance(value, Mapping):
        return value
    mappings = [option for option in value.alternatives() if isinstance(option, Mapping)]
    if len(mappings) == 1:
        return Mapping(mappings[0].where, mappings[0].entries, True)
    return None


# Entries of calls


def _entries_of_calls(project: Project) -> Iterator[BeatEntry]:
    for module in project.modules:
        for scope, block, call, _ in module.facts.expressions:
            if call[0] != "call" or call[2][0] != "attr":
                continue
            if call[2][3] == "add_periodic_task":
                app = app_of_expr(project, module, scope, call[2][2])
                if app is not None or _may_be_sender(project, module, scope, call[2][2]):
                    yield _entry_of_call(project, module, scope, block, call, app)
            elif _row_of(project, module, scope, call) == "PeriodicTask":
                yield _entry_of_row(project, module, scope, block, call)


def _may_be_sender(project: Project, module: LinkedModule, scope: int, receiver: Expr) -> bool:
    """Whether `add_periodic_task` is called on something that is no class of the project."""
    target = project.names.resolve(receiver, module, scope)
    return not isinstance(target, Definition)


def _entry_of_call(
    project: Project, module: LinkedModule, scope: int, block: int, call: Expr, app: App | None
) -> BeatEntry:
    where = Where(module, call[1])
    names = ("schedule", "sig", "args", "kwargs", "name")
    given: dict[str, Expr] = {}
    options = Mapping(where, [], False)
    open = False
    for place, argument in enumerate(call[3]):
        if argument[0] == "star" or place >= len(names):
            open = True
            break
        given[names[place]] = argument
    for keyword, expr, span in call[4]:
        if keyword is None:
            open = True
        elif keyword in names:
            given[keyword] = expr
        else:
            key = Const(Where(module, key_span(keyword, span)), keyword)
            put(options, key, project.values.evaluate(expr, module, scope))
    values = {
        name: project.values.evaluate(expr, module, scope)
        for name, expr in given.items()
        if name != "sig"
    }
    options.open = open
    fields = Mapping(where, [], open)
    signature = None
    if "sig" in given:
        signature = signature_of(project, module, scope, given["sig"])
        args, kwargs = _arguments(signature, values.get("args"), values.get("kwargs"), where)
        _merge_options(options, signature)
        at = Where(module, given["sig"][1])
        name = signature.task.name if signature.task is not None else None
        task: Value = Const(at, name) if name is not None else Unknown(at, "a signature")
        for field, value in (("task", task), ("args", args), ("kwargs", kwargs)):
            fields.entries.append(Entry(Const(at, field), value))
    if "schedule" in values:
        at = Where(module, given["schedule"][1])
        fields.entries.append(Entry(Const(at, "schedule"), values["schedule"]))
    fields.entries.append(Entry(Const(where, "options"), options))
    named = values.get("name")
    text = named.constant if isinstance(named, Const) else None
    entry = BeatEntry(
        project,
        where,
        scope,
        block,
        CALL,
        text if isinstance(text, str) else None,
        fields,
        app,
        ("calls", module.path, scope, block),
    )
    entry.signature = signature
    return entry


def _arguments(
    signature: Signature, args: Value | None, kwargs: Value | None, where: Where
) -> tuple[Value, Value]:
    """What `sig.clone(args, kwargs)` carries: the new positional arguments come first."""
    if signature.immutable:
        return signature.args, signature.kwargs
    positional, keywords = signature.args, signature.kwargs
    if args is not None:
        if isinstance(args, Items) and isinstance(positional, Items):
            items = [*args.items, *positional.items]
            positional = Items(where, "tuple", items, args.open or positional.open)
        else:
            positional = Unknown(where, "arguments that are not known")
    if kwargs is not None and not (isinstance(kwargs, Const) and kwargs.constant is None):
        if isinstance(kwargs, Mapping) and isinstance(keywords, Mapping):
            entries = [*keywords.entries, *kwargs.entries]
            keywords = Mapping(where, entries, kwargs.open or keywords.open)
        else:
            keywords = Unknown(where, "arguments that are not known")
    return positional, keywords


def _merge_options(options: Mapping, signature: Signature) -> None:
    """`dict(sig.options, **opts)`."""
    if isinstance(signature.options, Mapping):
        for entry in signature.options.entries:
            if isinstance(entry.key, Const) and options.entry(entry.key.constant) is None:
                options.entries.append(entry)
        options.open = options.open or signature.options.open
    else:
        options.open = True


def signature_of(project: Project, module: LinkedModule, scope: int, expr: Expr) -> Signature:
    """The task and the arguments of `task`, `task.s(...)`, `task.si(...)`,
    `task.signature(...)`, each perhaps with `.set(...)` after it; unknown for anything else."""
    where = Where(module, expr[1])
    options: list[Expr] = []
    while expr[0] == "call" and expr[2][0] == "attr" and expr[2][3] == "set":
        options.append(expr)
        expr = expr[2][2]
    signature = _signature(project, module, scope, expr, where)
    for call in reversed(options):
        given = signature.options
        if not isinstance(given, Mapping):
            continue
        given.open = given.open or bool(call[3])
        for keyword, value, span in call[4]:
            if keyword is None:
                given.open = True
            elif keyword == "immutable":
                signature.immutable = value[0] != "const" or bool(value[2])
            else:
                key = Const(Where(module, key_span(keyword, span)), keyword)
                put(given, key, project.values.evaluate(value, module, scope))
    return signature


def _signature(
    project: Project, module: LinkedModule, scope: int, expr: Expr, where: Where
) -> Signature:
    nothing = Items(where, "tuple", [], False), Mapping(where, [], False)
    unknown = Unknown(where, "arguments that are not known")
    if expr[0] in ("name", "attr"):
        target = project.names.resolve(expr, module, scope)
        if isinstance(target, Variable) and project.task_of(target) is None:
            inner = sole_value(target)
            if inner is not None and inner[0] == "call":
                return _signature(project, target.module, target.scope, inner, where)
        task = project.task_of(target)
        made = Signature(task, *nothing, where)
        if task is None:
            made.args, made.kwargs, made.options = unknown, unknown, unknown
        return made
    callee = expr[2] if expr[0] == "call" else None
    if callee is not None and callee[0] == "attr" and callee[3] in SIGNATURE_METHODS:
        task = project.task_of(project.names.resolve(callee[2], module, scope))
        args, kwargs, starred = project.values.arguments(expr, module, scope)
        if task is not None and callee[3] in ("s", "si"):
            entries = [Entry(Const(v.where, k), v) for k, v in kwargs.items()]
            made = Signature(
                task, Items(where, "tuple", args, starred), Mapping(where, entries, starred), where
            )
            made.immutable = callee[3] == "si"
            return made
        if task is not None and not starred and set(kwargs) <= {"args", "kwargs", "immutable"}:
            made = Signature(task, *nothing, where)
            made.args = args[0] if args else kwargs.get("args", made.args)
            made.kwargs = args[1] if len(args) > 1 else kwargs.get("kwargs", made.kwargs)
            made.immutable = "immutable" in kwargs
            return made
        if task is not None:
            made = Signature(task, unknown, unknown, where)
            made.options = unknown
            return made
    named = _signature_by_name(project, module, scope, expr, where)
    if named is not None:
        return named
    made = Signature(None, unknown, unknown, where)
    made.options = unknown
    return made


def _signature_by_name(
    project: Project, module: LinkedModule, scope: int, expr: Expr, where: Where
) -> Signature | None:
    """`app.signature("name", args, kwargs)` and Celery's own `signature`, of the one task of that
    name."""
    from .tasks import tasks_named

    callee = expr[2] if expr[0] == "call" else None
    if callee is None or callee[0] not in ("name", "attr") or callee[-1] != "signature":
        return None
    of_app = callee[0] == "attr" and app_of_expr(project, module, scope, callee[2]) is not None
    target = project.names.resolve(callee, module, scope)
    if not of_app and target not in (
        External("celery.signature"),
        External("celery.canvas.signature"),
    ):
        return None
    args, kwargs, starred = project.values.arguments(expr, module, scope)
    if starred or not args or len(args) > 3 or not set(kwargs) <= {"args", "kwargs", "app"}:
        return None
    name = args[0].constant if isinstance(args[0], Const) else None
    found = tasks_named(project, name) if isinstance(name, str) else []
    if len(found) != 1 or found[0].name != name:
        return None
    given: list[Value | None] = [*args[1:], None, None]
    return Signature(
        found[0],
        given[0] or kwargs.get("args") or Items(where, "tuple", [], False),
        given[1] or kwargs.get("kwargs") or Mapping(where, [], False),
        where,
    )


# Rows of django-celery-beat


def _row_of(project: Project, module: LinkedModule, scope: int, call: Expr) -> str | None:
    """The model of django-celery-beat that a call makes a row of, or None."""
    callee = call[2]
    if callee[0] == "name" or callee[0] == "attr":
        target = project.names.resolve(callee, module, scope)
        if isinstance(target, External) and target.name.startswith(BEAT_MODELS):
            parts = target.name.removeprefix(BEAT_MODELS).split(".")
            if len(parts) == 1 or (len(parts) == 3 and parts[2] in MAKING_ROWS):
                return parts[0]
            return None
    if callee[0] == "attr" and callee[3] in MAKING_ROWS and callee[2][0] == "attr":
        owner = project.names.resolve(callee[2][2], module, scope)
        if isinstance(owner, Variable):
            return _historical_model(sole_value(owner))
    return None


def _historical_model(expr: Expr | None) -> str | None:
    """The model that `apps.get_model("django_celery_beat", "PeriodicTask")` of a migration
    gives."""
    if expr is None or expr[0] != "call" or expr[2][0] != "attr" or expr[2][3] != "get_model":
        return None
    texts = [argument[2] for argument in expr[3] if argument[0] == "const"]
    if len(texts) == 2 and texts[0] == "django_celery_beat":
        return str(texts[1])
    return None


def _entry_of_row(
    project: Project, module: LinkedModule, scope: int, block: int, call: Expr
) -> BeatEntry:
    where = Where(module, call[1])
    fields = Mapping(where, [], bool(call[3]))
    for keyword, expr, span in call[4]:
        value = project.values.evaluate(expr, module, scope)
        if keyword in ("defaults", "create_defaults") or keyword is None:
            if isinstance(value, Mapping):
                fields.entries += value.entries
                fields.open = fields.open or value.open
            else:
                fields.open = True
        else:
            key = Const(Where(module, key_span(keyword, span)), keyword)
            fields.entries.append(Entry(key, value))
    name = fields.entry("name")
    key_value = name.item.constant if name is not None and isinstance(name.item, Const) else None
    return BeatEntry(
        project,
        where,
        scope,
        block,
        ROW,
        key_value if isinstance(key_value, str) else None,
        fields,
        None,
        ("rows", module.path, scope),
    )
