"""Schedules: what is no schedule at all, and entries that another of their name replaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...extract.observe import Site, observe
from ...facts import Assignment, Expr, Span
from ...project.configuration import Setting
from ...project.names import External, LinkedModule
from ...project.schedule import (
    CRONTAB,
    DATABASE,
    ROW,
    SCHEDULE,
    TIMEDELTAS,
    BeatEntry,
    scheduler_of,
    seconds_of,
)
from ...project.subject import Subject
from ...project.values import Const, Items, Made, Mapping, Ref, Value
from ...rule import CORRECTNESS, Related, Report, Undecided, Where, report, rule
from .crontabs import is_cron_line
from .entries import at

if TYPE_CHECKING:
    import ast

    from ...project import Project
    from ...project.apps import App

#: Calls that give a time or a date, which are no schedules.
TIMES = {
    "datetime.time": "a time",
    "datetime.datetime": "a datetime",
    "datetime.datetime.now": "a datetime",
    "datetime.date": "a date",
    "datetime.date.today": "a date",
    "django.utils.timezone.now": "a datetime",
}
SOLAR = "celery.schedules.solar"
CLASSES = frozenset({CRONTAB, SCHEDULE, SOLAR, "datetime.timedelta"})
#: `solar._all_events` in `celery/schedules.py`.
SOLAR_EVENTS = frozenset(
    """dawn_astronomical dawn_nautical dawn_civil sunrise solar_noon sunset dusk_civil dusk_nautical
    dusk_astronomical""".split()
)
SOLAR_RANGES = {"lat": 90, "lon": 180}
STOPS = "beat stops with {error}"


# CEL511


class EntriesAndSettings(Subject):
    """Entries of schedules, and the settings that hold them."""

    @classmethod
    def collect(cls, project: Project) -> list[Any]:
        """All entries and all settings of a project."""
        return [*project.all(BeatEntry), *project.all(Setting)]


@rule(
    EntriesAndSettings,
    "CEL511",
    "celery-schedule-type",
    CORRECTNESS,
    says="The schedule of the entry `{entry}` is {what}: {follows}",
)
def schedule_type(subject: BeatEntry | Setting, project: Project) -> Iterator[Report]:
    """`maybe_schedule` takes a number, a timedelta or a schedule (`celery/schedules.py`)."""
    if isinstance(subject, Setting):
        yield from _no_dict_of_dicts(subject)
        return
    entry = subject
    if entry.in_test or entry.source == ROW or has_own_scheduler(entry.app):
        return
    found = entry.entry.entry("schedule")
    if found is None:
        return
    wrong = [no_schedule(option) for option in found.item.alternatives()]
    if not wrong or wrong[0] is None or None in wrong:
        return
    what, follows = wrong[0]
    if entry.scheduler == DATABASE and follows.startswith("beat stops"):
        follows = "django-celery-beat skips the entry"
    yield report(at(entry, found.where), entry=entry.shown, what=what, follows=follows)


def has_own_scheduler(app: App | None) -> bool:
    """Whether an app's scheduler is none of those that are known: it may read what it likes."""
    try:
        if app is None or app.configuration.get("beat_scheduler") is None:
            return False
    except Undecided:
        # What may be set elsewhere hardly ever is a scheduler of the project's own.
        return False
    return scheduler_of(app.project, app) is None


def no_schedule(value: Value) -> tuple[str, str] | None:
    """What a value is instead of a schedule, and what follows; None for a schedule, and for what
    is not known."""
    attribute = STOPS.format(error="an AttributeError")
    if isinstance(value, Const):
        return _no_interval(value, attribute)
    if isinstance(value, Items):
        return f"a {value.kind}", attribute
    if isinstance(value, Mapping):
        return "a dict", attribute
    if isinstance(value, Ref):
        name = value.target.name if isinstance(value.target, External) else ""
        if name in CLASSES:
            return f"the class `{name.rpartition('.')[2]}`", STOPS.format(error="a TypeError")
        return None
    if not isinstance(value, Made) or not isinstance(value.callee, str) or value.starred:
        return None
    if value.callee in TIMES:
        return TIMES[value.callee], attribute
    if value.callee == SCHEDULE:
        given = value.args[0] if value.args else value.kwargs.get("run_every")
        if isinstance(given, Const) and isinstance(given.constant, (str, bytes)):
            # Since Celery 5.7 one entry that fails does not stop the others.
            return f"a `schedule` of the text {given.constant!r}", "it never runs"
        return None if given is None else _too_short(given)
    if value.callee == SOLAR:
        return _wrong_place(value)
    return _too_short(value) if value.callee in TIMEDELTAS else None


def _wrong_place(value: Made) -> tuple[str, str] | None:
    """What is wrong with the event, latitude or longitude of a `solar` schedule."""
    given = dict(zip(("event", *SOLAR_RANGES), value.args, strict=False)) | value.kwargs
    follows = "its module cannot be imported"
    event = given.get("event")
    if isinstance(event, Const) and event.constant not in SOLAR_EVENTS:
        return f"at no event that `solar` knows, {event.constant!r}", follows
    for name, most in SOLAR_RANGES.items():
        number = given.get(name)
        if isinstance(number, Const):
            where = number.constant
            if not isinstance(where, (int, float)) or not -most <= where <= most:
                return f"at no place, `{name}` {where!r}", follows
    return None


def _no_interval(value: Const, follows: str) -> tuple[str, str] | None:
    given = value.constant
    if given is True:
        return "True, which is an interval of one second", "the task runs once a second"
    if isinstance(given, (int, float)):
        return _too_short(value)
    if isinstance(given, str) and not is_cron_line(given):
        return f"the text {given!r}", follows
    return ("bytes", follows) if isinstance(given, bytes) else None


def _too_short(value: Value) -> tuple[str, str] | None:
    try:
        seconds = seconds_of(value)
    except Undecided:
        return None
    if seconds > 0:
        return None
    shown = f"{seconds:g} seconds" if isinstance(value, (Made, Const)) else "no interval"
    return f"an interval of {shown}", "it is due at every tick, and beat floods the broker"


def _no_dict_of_dicts(setting: Setting) -> Iterator[Report]:
    if setting.in_test or setting.name != "beat_schedule" or not setting.may_win:
        return
    if has_own_scheduler(setting.app):
        return
    value = setting.value
    kinds = [_no_mapping(option) for option in value.alternatives()]
    if kinds and kinds[0] is not None and None not in kinds:
        says = "`{key}` is {what}, not a dict of entries: beat stops with an exception"
        yield report(setting.where, says=says, key=setting.key, what=kinds[0])
        return
    for schedule in value.alternatives():
        for written in schedule.entries if isinstance(schedule, Mapping) else ():
            what = _no_mapping(written.item)
            if what is not None and isinstance(written.key, Const):
                where = written.where if written.where.module is setting.module else setting.where
                says = "The entry `{entry}` is {what}, not a dict: beat stops with an exception"
                yield report(where, says=says, entry=written.key.constant, what=what)


def _no_mapping(value: Value) -> str | None:
    """What a value is, where it certainly is no dict and not empty."""
    if isinstance(value, Const):
        if value.constant is None:
            return "None"
        return f"a {type(value.constant).__name__}" if value.constant else None
    if isinstance(value, Items):
        return f"a {value.kind}" if value.items else None
    return None


# CEL528


@observe("Dict")
def repeated_entry(node: ast.Dict, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """The keys of a schedule's literal that come again with another entry."""
    import ast

    if len(node.keys) < 2 or not isinstance(node.values[0], ast.Dict):
        return
    last: dict[str, tuple[ast.Constant, ast.expr]] = {}
    for key, value in reversed(list(zip(node.keys, node.values, strict=True))):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            continue
        if not isinstance(value, ast.Dict):
            continue
        fields = {field.value for field in value.keys if isinstance(field, ast.Constant)}
        if not {"task", "schedule"} <= fields:
            continue
        if key.value not in last:
            last[key.value] = (key, value)
        elif ast.dump(last[key.value][1]) != ast.dump(value):
            yield key, {"key": key.value, "by": list(site.span(last[key.value][0]))}


class LostEntry(Subject):
    """An entry of a schedule that another one of the same `key`, at `by`, replaces."""

    __slots__ = ("by", "key")

    def __init__(
        self, project: Project, module: LinkedModule, scope: int, span: Span, key: str, by: Span
    ) -> None:
        super().__init__(project, module, scope, 0, span)
        self.key = key
        self.by = by

    @classmethod
    def collect(cls, project: Project) -> list[LostEntry]:
        """Those of one literal, and those that a later statement of the same file replaces."""
        found = [
            cls(project, seen.module, seen.scope, seen.span, seen.data["key"], seen.data["by"])
            for seen in project.seen(repeated_entry)
        ]
        for module in project.modules:
            found += _replaced(project, module)
        return found


def _replaced(project: Project, module: LinkedModule) -> Iterator[LostEntry]:
    """Entries that `schedule["key"] = ...`, `update` or `|=` replaces, outside of branches."""
    written: dict[tuple[int, str], dict[str, tuple[Expr, Expr]]] = {}
    for change in module.facts.assignments:
        name, pairs = _pairs_of(change)
        if name is None:
            continue
        there = written.get((change.scope, name))
        if change.block:
            # A branch may have replaced any of them on purpose.
            written.pop((change.scope, name), None)
            continue
        if there is None or (change.op == "=" and not is_entry(change.value)):
            there = written[change.scope, name] = {}
        for key, entry in pairs:
            if not is_entry(entry):
                there.pop(key[2], None)
                continue
            before = there.get(key[2])
            if before is not None and _without_places(before[1]) != _without_places(entry):
                yield LostEntry(project, module, change.scope, before[0][1], key[2], key[1])
            there[key[2]] = (key, entry)


def _pairs_of(change: Assignment) -> tuple[str | None, list[tuple[Expr, Expr]]]:
    """The name of the schedule that a statement writes, and the keys and entries it writes."""
    target, value = change.target, change.value
    if change.op in (".pop", "del"):
        given = target[3] if change.op == "del" and target[0] == "sub" else None
        if change.op == ".pop":
            given = value[3][0] if value[0] == "call" and value[3] else None
            name = dotted(target)
        else:
            name = dotted(target[2]) if target[0] == "sub" else None
        if name is None or given is None or given[0] != "const":
            return name, []
        return name, [(given, ("unknown", given[1], "deleted"))]
    if change.op == "=" and target[0] == "sub" and target[3][0] == "const":
        if isinstance(target[3][2], str) and is_entry(value):
            return dotted(target[2]), [(target[3], value)]
    if change.op == ".update":
        value = value[3][0] if value[0] == "call" and len(value[3]) == 1 else value
    if change.op not in ("=", "|=", ".update") or value[0] != "dict":
        return None, []
    pairs = [
        (key, item)
        for key, item in value[2]
        if key is not None and key[0] == "const" and isinstance(key[2], str)
    ]
    return dotted(target), pairs


def dotted(expr: Expr) -> str | None:
    """A name, attribute chain or chain of constant keys as one text."""
    if expr[0] == "name":
        return str(expr[2])
    if expr[0] in ("attr", "sub"):
        base = dotted(expr[2])
        last = expr[3] if expr[0] == "attr" else expr[3][2] if expr[3][0] == "const" else None
        return None if base is None or not isinstance(last, str) else f"{base}.{last}"
    return None


def is_entry(expr: Expr) -> bool:
    """Whether an expression is a dict with a task and a schedule."""
    if expr[0] != "dict":
        return False
    fields = {key[2] for key, _ in expr[2] if key is not None and key[0] == "const"}
    return {"task", "schedule"} <= fields


def _without_places(expr: Any) -> Any:
    """An expression as something that is equal wherever it stands."""
    if not isinstance(expr, (list, tuple)):
        return expr
    if expr and isinstance(expr[0], str) and len(expr) > 1 and isinstance(expr[1], (list, tuple)):
        return [expr[0], *(_without_places(part) for part in expr[2:])]
    return [_without_places(part) for part in expr]


@rule(
    LostEntry,
    "CEL528",
    "celery-duplicate-beat-key",
    CORRECTNESS,
    says="The entry `{key}` is never scheduled: line {row} gives another one the same key",
)
def duplicate_beat_key(entry: LostEntry, project: Project) -> Iterator[Report]:
    """The schedule is a dict: the last entry of a key is the only one."""
    if entry.in_test:
        return
    by = Where(entry.module, entry.by)
    yield report(entry.where, Related(by, "the entry that stays"), key=entry.key, row=entry.by[0])
