"""Entries of schedules: their keys, tasks, arguments and times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ...celery.builtin_tasks import BUILTIN_TASKS
from ...celery.crontab import Crontab, coincide, minimum_gap
from ...project.names import Definition, External
from ...project.schedule import (
    CALL,
    DATABASE,
    PERSISTENT,
    ROW,
    SETTING,
    BeatEntry,
)
from ...project.tasks import registry_closed
from ...project.values import Const, Items, Mapping, Ref, Value
from ...rule import (
    CORRECTNESS,
    SAFE,
    SUSPICIOUS,
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
from ..edits import appended, call_at, imported_name, text_at
from ..routing import is_own_name, may_be_task, nearest_name

if TYPE_CHECKING:
    import ast

    from ...project import Project
    from ...project.tasks import Task
    from ...source import Source

DAY = 86400.0
# `ScheduleEntry.__init__` (`celery/beat.py`); the scheduler itself passes `name` and `app`.
ENTRY_KEYS = frozenset(
    "task schedule args kwargs options relative last_run_at total_run_count".split()
)
# The fields of `PeriodicTask` that `ModelEntry._unpack_fields` of django-celery-beat passes on.
ROW_KEYS = ENTRY_KEYS | frozenset(
    """queue exchange routing_key headers priority expires expire_seconds one_off start_time
    enabled date_changed description""".split()
)
EXECUTION_OPTIONS = frozenset(
    """expires queue exchange routing_key priority countdown eta retry retry_policy headers
    serializer compression time_limit soft_time_limit ignore_result""".split()
)
EXPIRIES = ("expires", "expire_seconds")


def at(entry: BeatEntry, where: Where) -> Where:
    """A place, or the entry's own where that is in another file."""
    return where if where.module is entry.module else entry.where


# CEL513


@rule(
    BeatEntry,
    "CEL513",
    "celery-unknown-beat-key",
    CORRECTNESS,
    says="The entry `{entry}` has a key that the scheduler does not know, `{key}`: {follows}{hint}",
)
def unknown_beat_key(entry: BeatEntry, project: Project) -> Iterator[Report]:
    scheduler = entry.scheduler
    if entry.in_test or entry.source != SETTING or scheduler not in (PERSISTENT, DATABASE):
        return
    if not entry.entry.open:
        missing = [name for name in ("task", "schedule") if entry.field(name) is None]
        if missing:
            follows = "beat cannot run it" if "schedule" in missing else "beat sends no task's name"
            says = "The entry `{entry}` has no `{key}`, so {follows}"
            absent = "` and no `".join(missing)
            yield report(entry.where, says=says, entry=entry.shown, key=absent, follows=follows)
    allowed = ENTRY_KEYS if scheduler == PERSISTENT else ROW_KEYS
    follows = (
        "beat stops at once with a TypeError"
        if scheduler == PERSISTENT
        else "django-celery-beat skips the entry"
    )
    for written in entry.entry.entries:
        key = written.key.constant if isinstance(written.key, Const) else None
        if not isinstance(key, str) or key in allowed:
            continue
        movable = key in EXECUTION_OPTIONS
        yield report(
            at(entry, written.where),
            entry=entry.shown,
            key=key,
            follows=follows,
            hint="; execution options belong into `options`" if movable else "",
            fix=_moving(entry) if movable and scheduler == PERSISTENT else None,
        )


def _moving(entry: BeatEntry) -> dict[str, Any] | None:
    """What the fix needs to move execution options, or None where the entry stands elsewhere."""
    if entry.entry.where.module is not entry.module:
        return None
    return {"entry": list(entry.entry.span)}


@unknown_beat_key.fix(SAFE, "Move the execution options into `options`")
def move_into_options(finding: Finding, source: Source) -> Iterable[Edit]:
    display = dict_at(source, dict(finding.fix_data)["entry"])
    if display is None:
        return
    pairs = [(_text_of(key), key, value) for key, value in zip(display.keys, display.values)]
    moved = [(key, value) for name, key, value in pairs if name in EXECUTION_OPTIONS and key]
    options = next((value for name, _, value in pairs if name == "options"), None)
    texts = [
        f"{text_at(source, source.span(key))}: {text_at(source, source.span(value))}"
        for key, value in moved
    ]
    if options is not None:
        import ast

        if not isinstance(options, ast.Dict):
            return
        row, column = source.span(options)[:2]
        after = ", " if options.keys else ""
        yield Edit((row, column + 1, row, column + 1), ", ".join(texts) + after)
    for number, (key, value) in enumerate(moved):
        start, end = source.span(key), source.span(value)
        span = (start[0], start[1], end[2], end[3])
        if number == 0 and options is None:
            yield Edit(span, f'"options": {{{", ".join(texts)}}}')
        else:
            yield Edit(_with_comma(source, span), "")


def _with_comma(source: Source, span: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """A place with what separates it from its neighbour: the comma and the space behind it, the
    rest of its line if nothing else is there, or the comma before it."""
    line = source.line(span[2])
    rest = line[span[3] - 1 :]
    before = source.line(span[0])[: span[1] - 1]
    if rest.startswith(","):
        if not before.strip() and not rest[1:].strip():
            return (span[0], 1, span[2] + 1, 1)
        blanks = len(rest) - len(rest[1:].lstrip(" ")) - 1
        return (span[0], span[1], span[2], span[3] + 1 + blanks)
    trimmed = before.rstrip(" ")
    if trimmed.endswith(","):
        return (span[0], len(trimmed), span[2], span[3])
    return span


def dict_at(source: Source, place: Any) -> ast.Dict | None:
    """The dict display that stands at exactly this place."""
    import ast

    for node in source.nodes():
        if isinstance(node, ast.Dict) and tuple(source.span(node)) == tuple(place):
            return node
    return None


def _text_of(node: ast.AST | None) -> str | None:
    value = getattr(node, "value", None)
    return value if isinstance(value, str) else None


# CEL514


@rule(
    BeatEntry,
    "CEL514",
    "celery-unresolved-beat-task",
    CORRECTNESS,
    says="The entry `{entry}` runs `{task}`, but no task has this name: the worker drops the "
    "message{hint}",
)
def unresolved_beat_task(entry: BeatEntry, project: Project) -> Iterator[Report]:
    if entry.in_test or entry.signature is not None:
        return
    found = entry.entry.entry("task")
    if found is None:
        return
    value = found.item
    here = entry.holds(value)
    wrong = _no_name(value)
    if wrong is not None:
        says = "The entry `{entry}` needs the name of a task, not {what}: {follows}"
        what, follows = wrong
        fix = None
        if here and isinstance(value, Ref) and project.task_of(value.target) is not None:
            fix = {"span": list(value.span), "text": None}
        where = at(entry, found.where)
        yield report(where, says=says, entry=entry.shown, what=what, follows=follows, fix=fix)
        return
    name = value.value
    if not isinstance(name, str) or name in BUILTIN_TASKS or not is_own_name(project, name):
        return
    if entry.tasks:
        return
    if not registry_closed(project) or may_be_task(project, name, entry):
        raise Undecided("the tasks of the project are not all known")
    nearest = nearest_name(project, name)
    yield report(
        at(entry, found.where),
        entry=entry.shown,
        task=name,
        hint=f"; did you mean `{nearest}`?" if nearest else "",
        fix={"span": list(value.span), "text": nearest} if here and nearest else None,
    )


def _no_name(value: Value) -> tuple[str, str] | None:
    """What an entry gives instead of a task's name, and what follows; None for a name and for
    what is not known."""
    if isinstance(value, Ref):
        if isinstance(value.target, Definition):
            kind = "the class" if value.target.facts.kind == "class" else "the task"
            return f"{kind} `{value.target.facts.name}` itself", "beat cannot send it"
        if isinstance(value.target, External) and value.target.name.startswith("celery."):
            return None
        return None
    if isinstance(value, Items) and value.kind in ("list", "tuple"):
        follows = "beat cannot send it" if value.kind == "list" else "the worker drops the message"
        return f"a {value.kind}", follows
    return None


@unresolved_beat_task.fix(UNSAFE, "Name the task")
def name_task(finding: Finding, source: Source) -> Iterable[Edit]:
    span, text = dict(finding.fix_data)["span"], dict(finding.fix_data)["text"]
    written = text_at(source, span)
    if text is None:
        if written.replace(".", "").replace("_", "").isalnum():
            yield Edit((*span[2:], *span[2:]), ".name")
    elif written[:1] in "\"'":
        yield Edit(span, f"{written[0]}{text}{written[0]}")


# CEL515


@rule(
    BeatEntry,
    "CEL515",
    "celery-beat-arguments-mismatch",
    CORRECTNESS,
    says="The arguments of the entry `{entry}` do not fit: `{task}` {why}",
)
def beat_arguments_mismatch(entry: BeatEntry, project: Project) -> Iterator[Report]:
    if entry.in_test or entry.source == ROW:
        return
    if entry.source == SETTING:
        shapes = list(_wrong_shapes(entry))
        if shapes:
            yield from shapes
            return
    positional, keywords = passed(entry)
    tasks = entry.tasks
    if any(_takes_anything(task) for task in tasks):
        return
    reasons = [task.signature.bind(positional, keywords) for task in tasks]
    if reasons and reasons[0] is not None and all(reasons):
        given = next((n for n in ("args", "kwargs") if entry.entry.entry(n) is not None), "")
        where = entry.field_where(given) if entry.source == SETTING and given else entry.where
        function = tasks[0].function
        related = Related(Where(function.module, function.facts.span), "these are its parameters")
        yield report(where, related, entry=entry.shown, task=tasks[0].shown, why=reasons[0])


def _takes_anything(task: Task) -> bool:
    """Whether a task says that its arguments are not to be checked: somebody else fills them."""
    typing = task.option("typing")
    return typing is not None and typing.value is False


def passed(entry: BeatEntry) -> tuple[int, list[str]]:
    """How many positional arguments an entry passes, and the names of the others.  Raises
    Undecided when that is not known."""
    args, kwargs = entry.args, entry.kwargs
    positional = 0
    if isinstance(args, Items) and not args.open:
        positional = len(args.items)
    elif args is not None and args.value:
        raise Undecided(f"the arguments of the entry at {entry.where.shown}")
    keywords: list[str] = []
    if isinstance(kwargs, Mapping) and not kwargs.open:
        keywords = [str(written.key.value) for written in kwargs.entries]
    elif kwargs is not None and kwargs.value:
        raise Undecided(f"the arguments of the entry at {entry.where.shown}")
    return positional, keywords


def _wrong_shapes(entry: BeatEntry) -> Iterator[Report]:
    says = "`{key}` of the entry `{entry}` must be {must}, not {what}: {follows}"
    args = entry.entry.entry("args")
    if args is not None:
        wrong = _no_sequence(args.item)
        if wrong is not None:
            what, follows = wrong
            here = entry.holds(args.item) and isinstance(args.item, Const)
            yield report(
                at(entry, args.where),
                says=says,
                key="args",
                entry=entry.shown,
                must="a list or a tuple",
                what=what,
                follows=follows,
                fix={"span": list(args.item.span)} if here else None,
            )
    for key in ("kwargs", "options"):
        found = entry.entry.entry(key)
        if found is not None and _is_filled(found.item) and not isinstance(found.item, Mapping):
            yield report(
                at(entry, found.where),
                says=says,
                key=key,
                entry=entry.shown,
                must="a dict",
                what=_kind_of(found.item),
                follows="beat logs an error at every run and sends nothing",
            )


def _is_filled(value: Value) -> bool:
    """Whether a value is a constant or a display that is true."""
    if isinstance(value, Const):
        return bool(value.constant)
    return isinstance(value, Items) and bool(value.items)


def _kind_of(value: Value) -> str:
    if isinstance(value, Items):
        return f"a {value.kind}"
    if isinstance(value, Const):
        article = "an" if isinstance(value.constant, int) else "a"
        return f"{article} {type(value.constant).__name__}"
    return "a dict"


def _no_sequence(value: Value) -> tuple[str, str] | None:
    """What is given as `args` instead of a sequence, and what follows."""
    if isinstance(value, Mapping) and value.entries:
        return "a dict", "the task gets its keys"
    if isinstance(value, Items) and value.kind == "set" and len(value.items) > 1:
        return "a set", "the arguments come in any order"
    if not isinstance(value, Const) or not value.constant:
        return None
    if isinstance(value.constant, str):
        if len(value.constant) == 1:
            return None
        return "a str", "the task gets one argument for each character"
    if isinstance(value.constant, bytes):
        return "a bytes", "the task gets one number for each byte"
    return _kind_of(value), "beat logs an error at every run and sends nothing"


@beat_arguments_mismatch.fix(SAFE, "Make it a tuple of one")
def make_tuple(finding: Finding, source: Source) -> Iterable[Edit]:
    span = dict(finding.fix_data)["span"]
    end = (*span[2:], *span[2:])
    before = source.line(span[0])[: span[1] - 1].rstrip()
    after = source.line(span[2])[span[3] - 1 :].lstrip()
    if before.endswith("(") and after.startswith(")"):
        yield Edit(end, ",")
    else:
        yield Edit(span, f"({text_at(source, span)},)")


# CEL518


@rule(
    BeatEntry,
    "CEL518",
    "celery-beat-without-expires",
    SUSPICIOUS,
    says="The entry `{entry}` does not expire: while no worker runs, one message {often} piles up, "
    "and all of them run afterwards",
)
def beat_without_expires(entry: BeatEntry, project: Project) -> Iterator[Report]:
    scheduler = entry.scheduler
    if entry.in_test or entry.source == ROW or scheduler is None:
        return
    name = entry.task_name
    if name is None or name.startswith("celery."):
        return
    options = entry.options
    if any(entry.field(key) is not None for key in EXPIRIES):
        return
    if options is not None:
        if not isinstance(options, Mapping):
            raise Undecided(f"the options at {options.where.shown}")
        if any(options.get(key) is not None for key in EXPIRIES):
            return
    tasks = entry.tasks
    if not tasks:
        raise Undecided(f"the task `{name}` is not known")
    if any(task.option("expires") is not None for task in tasks):
        return
    seconds = shortest_gap(entry)
    if seconds is None or not 0 < seconds <= DAY:
        return
    fix: dict[str, Any] = {
        "key": "expire_seconds" if scheduler == DATABASE else "expires",
        "seconds": max(1, int(seconds)),
    }
    if entry.source == CALL:
        fix["call"] = list(entry.span)
    elif entry.entry.where.module is entry.module:
        fix["entry"] = list(entry.entry.span)
    else:
        fix = {}
    yield report(entry.where, entry=entry.shown, often=every(seconds), fix=fix or None)


def shortest_gap(entry: BeatEntry) -> float | None:
    """The least number of seconds between two runs; None when it never runs."""
    seconds = entry.interval
    if seconds is not None:
        return seconds
    crontab = entry.crontab
    if crontab is None:
        return None
    return minimum_gap(crontab)


def every(seconds: float) -> str:
    """A period in words: "every 5 minutes", "every day"."""
    for unit, size in (("day", DAY), ("hour", 3600.0), ("minute", 60.0)):
        if seconds >= size and seconds % size == 0:
            count = int(seconds // size)
            return f"every {unit}" if count == 1 else f"every {count} {unit}s"
    return "every second" if seconds == 1 else f"every {seconds:g} seconds"


@beat_without_expires.fix(UNSAFE, "Let the message expire when the next one is sent")
def add_expires(finding: Finding, source: Source) -> Iterable[Edit]:
    data = dict(finding.fix_data)
    if "call" in data:
        call = call_at(source, data["call"])
        if call is None:
            return
        parts: list[Any] = [*call.args, *call.keywords]
        last = max(source.span(part)[2:] for part in parts)
        addition = f"{data['key']}={data['seconds']}"
        yield appended(source, last, source.span(call), addition)
        return
    display = dict_at(source, data["entry"])
    if display is None or not display.keys:
        return
    import ast

    addition = f'"{data["key"]}": {data["seconds"]}'
    for key, value in zip(display.keys, display.values, strict=True):
        if _text_of(key) == "options":
            if isinstance(value, ast.Dict):
                row, column = source.span(value)[:2]
                after = ", " if value.keys else ""
                yield Edit((row, column + 1, row, column + 1), addition + after)
            return
    last = source.span(display.values[-1])[2:]
    yield appended(source, last, source.span(display), f'"options": {{{addition}}}')


# CEL522


@rule(
    BeatEntry,
    "CEL522",
    "celery-beat-same-task-overlap",
    CORRECTNESS,
    says="The entries `{other}` and `{entry}` send `{task}` with the same arguments at the same "
    "time, so it runs twice",
)
def beat_same_task_overlap(entry: BeatEntry, project: Project) -> Iterator[Report]:
    if entry.in_test or entry.source == ROW:
        return
    for other in _entries_before(entry, project):
        try:
            same = overlaps(other, entry)
        except Undecided:
            continue
        if same:
            yield report(
                entry.where,
                Related(other.where, "the other entry"),
                entry=entry.shown,
                other=other.shown,
                task=entry.task_name,
            )
            return


MOST_COMPARED = 100


def _entries_before(entry: BeatEntry, project: Project) -> Iterator[BeatEntry]:
    """The entries of the same task that stand before this one and are there at the same time."""
    index: dict[str, list[BeatEntry]] | None = project.kept.get("entries by task")
    if index is None:
        index = {}
        for known in project.all(BeatEntry):
            if known.task_name is not None and known.source != ROW and not known.in_test:
                index.setdefault(known.task_name, []).append(known)
        project.kept["entries by task"] = index
    # Generated schedules have thousands: comparing each with each takes minutes.
    for other in index.get(entry.task_name or "", ())[:MOST_COMPARED]:
        if other is entry:
            return
        always = other.source == entry.source == CALL and not other.block and not entry.block
        together = other.group == entry.group or (
            always and other.app is entry.app and entry.app is not None
        )
        if together and other.key is not None and entry.key is not None and other.key != entry.key:
            yield other


def overlaps(a: BeatEntry, b: BeatEntry) -> bool:
    """Whether two entries of one task certainly send the same message at the same time.  Raises
    Undecided when that is not known."""
    for key in ("args", "kwargs", "options"):
        if _plain(a.field(key)) != _plain(b.field(key)):
            return False
    if any(entry.entry.entry("enabled") is not None for entry in (a, b)):
        return False
    first, second = a.interval, b.interval
    if first is not None or second is not None:
        return first == second
    return coincide(_crontab(a), _crontab(b))


def _plain(value: Value | None) -> Any:
    """A value for comparing: nothing, an empty tuple and an empty dict are the same."""
    if value is None or not value.value:
        return None
    plain = value.value
    return list(plain) if isinstance(plain, tuple) else plain


def _crontab(entry: BeatEntry) -> Crontab:
    crontab = entry.crontab
    if crontab is None:
        raise Undecided(f"the schedule at {entry.where.shown}")
    return crontab


# CEL525


@rule(
    BeatEntry,
    "CEL525",
    "celery-interval-for-daily",
    SUSPICIOUS,
    says="The entry `{entry}` runs {often} counted from the start of beat: the time drifts, and "
    "starts anew with every fresh schedule file; a crontab keeps its time",
)
def interval_for_daily(entry: BeatEntry, project: Project) -> Iterator[Report]:
    if entry.in_test or entry.source == ROW:
        return
    seconds = entry.interval
    if seconds is None or seconds < DAY:
        return
    schedule = entry.entry.entry("schedule")
    if schedule is None:
        return
    fix = None
    if seconds == DAY and entry.holds(schedule.item):
        fix = {"span": list(schedule.item.span)}
    where = at(entry, schedule.where) if entry.source == SETTING else entry.where
    yield report(where, entry=entry.shown, often=every(seconds), fix=fix)


@interval_for_daily.fix(UNSAFE, "Run at midnight")
def run_at_midnight(finding: Finding, source: Source) -> Iterable[Edit]:
    span = dict(finding.fix_data)["span"]
    name, edits = imported_name(source, "celery.schedules", "crontab")
    if name is not None:
        yield Edit(span, f"{name}(hour=0, minute=0)")
        yield from edits
