"""Entries of schedules that run side by side: copies of one task, and many in one minute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from ...celery.crontab import FIELDS, Crontab
from ...config import OPTIONS
from ...extract.observe import Site, observe
from ...project.names import External
from ...project.schedule import CALL, CRONTAB, ROW, BeatEntry
from ...project.tasks import PLAIN_BASES, Task
from ...project.values import Const, Made, Mapping
from ...rule import PEDANTIC, UNSAFE, Edit, Finding, Related, Report, Undecided, report, rule
from ..bodies import last_name, own_nodes
from ..edits import text_at
from .entries import every, shortest_gap
from .options import has_one_process, is_guarded, limit_of

if TYPE_CHECKING:
    import ast

    from ...project import Project
    from ...source import Source


# CEL520


#: Without a time limit, a run may well exceed an interval of so many seconds.
SHORT_INTERVAL = 300
#: Ways to take a lock that do not say "lock".
QUIET_LOCKS = ("setnx", "nx=True", "cache.add")
#: Calls that take no time worth speaking of: they log, or hand the work on.
QUICK = frozenset(
    """print debug info warning error exception log delay apply_async s si signature send_task
    getLogger get_task_logger get_logger""".split()
)


@observe("FunctionDef", "AsyncFunctionDef")
def quick(node: ast.FunctionDef, site: Site) -> Iterator[tuple[ast.AST, Any]]:
    """A decorated function, or a `run`, of at most two statements that do nothing slow."""
    import ast

    if not node.decorator_list and node.name != "run":
        return
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    if len(body) > 2 or any(isinstance(statement, (ast.For, ast.While)) for statement in body):
        return
    slow = (ast.Await, ast.comprehension)
    for part in own_nodes(body):
        if isinstance(part, slow) or (
            isinstance(part, ast.Call) and last_name(part.func) not in QUICK
        ):
            return
    yield node, {"scope": site.scope_of(node)}


def is_quick(task: Task) -> bool:
    """Whether a task's body is too short to last."""
    body = task.function
    return any(
        seen.data["scope"] == body.scope
        for seen in body.module.facts.observations.get(quick.name, ())
    )


@rule(
    BeatEntry,
    "CEL520",
    "celery-beat-without-lock",
    PEDANTIC,
    says="Nothing stops a second copy of `{task}`: the entry `{entry}` sends it {often}, and it "
    "{runs}; take a lock that expires, or limit its time to less than the interval",
)
def beat_without_lock(entry: BeatEntry, project: Project) -> Iterator[Report]:
    """Beat sends at every interval, whether or not the last run is over."""
    if entry.in_test or entry.source == ROW:
        return
    tasks = entry.tasks
    if len(tasks) != 1:
        return
    task = tasks[0]
    options = entry.options
    if options is not None and (not isinstance(options, Mapping) or options.open):
        raise Undecided(f"the options of the entry at {entry.where.shown}")
    gap = shortest_gap(entry)
    if gap is None or gap <= 0:
        return
    limits = [limit_of(name, options, task) for name in ("time_limit", "soft_time_limit")]
    given = [limit for limit in limits if limit]
    if min(given) <= gap if given else gap > SHORT_INTERVAL:
        return
    if holds_lock(task, project) or is_quick(task):
        return
    if task.apps and all(has_one_process(task, number) for number in range(len(task.apps))):
        return
    limit = every(min(given)).removeprefix("every ") if given else ""
    yield report(
        entry.where,
        Related(task.function_where, "the task"),
        task=task.shown,
        entry=entry.shown,
        often=every(gap),
        runs=f"may run for {limit}" if given else "has no time limit",
    )


def holds_lock(task: Task, project: Project) -> bool:
    """Whether a task's source, or a class that it is made of, may keep a second run away."""
    if any(not (isinstance(b, External) and b.name in PLAIN_BASES) for b in task.bases):
        return True
    text = project.text_of(task.function.module).decode("utf-8", "replace")
    start, _, end, _ = task.function.facts.whole
    own = "\n".join(text.splitlines()[start - 1 : end])
    return any(word in own for word in QUIET_LOCKS) or is_guarded(task, project)


# CEL524


class Stampede(NamedTuple):
    """Entries that fall due in the same minute, and when that is."""

    entries: list[BeatEntry]
    when: str


@rule(
    BeatEntry,
    "CEL524",
    "celery-beat-stampede",
    PEDANTIC,
    says="{count} entries fall due in the same minute ({when}), so that their messages reach the "
    "broker and the workers all at once: move some of them to other minutes",
)
def beat_stampede(entry: BeatEntry, project: Project) -> Iterator[Report]:
    """Reports once for a schedule, on the last of the entries."""
    found = project.once(stampedes, project).get((entry.module.path, *entry.span))
    if found is None:
        return
    fix = moved(entry, project, found)
    yield report(
        entry.where,
        *(Related(other.where, "due in the same minute") for other in found.entries[:-1]),
        count=len(found.entries),
        when=found.when,
        fix=fix,
    )


def most_at_once(project: Project) -> int:
    """How many entries in one minute are too many."""
    return int(project.options.get("beat-stampede") or OPTIONS["beat-stampede"].default)


def stampedes(project: Project) -> dict[tuple[Any, ...], Stampede]:
    """The fullest minute of each schedule that has too full ones, by the place of the last entry
    in it."""
    schedules: dict[Any, list[BeatEntry]] = {}
    for entry in project.all(BeatEntry):
        if not entry.in_test and entry.source != ROW and is_plain(entry):
            if entry.source != CALL:
                schedules.setdefault(("setting", entry.group), []).append(entry)
            elif not entry.block and entry.app is not None:
                schedules.setdefault(("calls", id(entry.app)), []).append(entry)
    found = {}
    for entries in schedules.values():
        stampede = fullest(entries)
        if stampede is not None and len(stampede.entries) >= most_at_once(project):
            last = stampede.entries[-1]
            found[last.module.path, *last.span] = stampede
    return found


#: The keys that Celery's own scheduler reads (`celery/beat.py`, `ScheduleEntry`).
KEYS = frozenset("name task schedule args kwargs options relative".split())


def is_plain(entry: BeatEntry) -> bool:
    """Whether nothing but Celery decides when an entry runs: a key of another's may switch it off,
    or shift it."""
    return all(
        isinstance(written.key, Const) and written.key.constant in KEYS
        for written in entry.entry.entries
    )


def fullest(entries: Sequence[BeatEntry]) -> Stampede | None:
    """The minute in which most entries are due, or an interval that more of them share."""
    crontabs: list[tuple[BeatEntry, Crontab]] = []
    intervals: dict[float, list[BeatEntry]] = {}
    for entry in entries:
        try:
            crontab, interval = entry.crontab, entry.interval
        except Undecided:
            continue
        if crontab is not None:
            crontabs.append((entry, crontab))
        elif interval is not None and interval > 0:
            intervals.setdefault(interval, []).append(entry)
    # Those of at most a minute are due in every minute; the others start together with beat.
    always = [e for seconds, group in intervals.items() if seconds <= 60 for e in group]
    groups = [
        Stampede(group, every(seconds)) for seconds, group in intervals.items() if seconds > 60
    ]
    if crontabs:
        (hour, minute), mask = fullest_minute([crontab for _, crontab in crontabs])
        due = [entry for place, (entry, _) in enumerate(crontabs) if mask >> place & 1]
        groups.append(Stampede(due + always, f"{hour:02}:{minute:02}"))
    elif always:
        groups.append(Stampede(always, "every minute"))
    if not groups:
        return None
    best = max(groups, key=lambda group: len(group.entries))
    order = {id(entry): place for place, entry in enumerate(entries)}
    return best._replace(entries=sorted(best.entries, key=lambda entry: order[id(entry)]))


def fullest_minute(crontabs: Sequence[Crontab]) -> tuple[tuple[int, int], int]:
    """The time of day at which most crontabs run on some day, and which: bit n for number n."""
    times: dict[tuple[int, int], int] = {}
    for place, crontab in enumerate(crontabs):
        for time in product(crontab.hour, crontab.minute):
            times[time] = times.get(time, 0) | 1 << place
    first: dict[int, tuple[int, int]] = {}
    for time, mask in sorted(times.items()):
        first.setdefault(mask, time)
    days = masks_of_days(crontabs)
    best, due = (0, 0), 0
    for mask, time in first.items():
        for day in days:
            if (mask & day).bit_count() > due.bit_count():
                best, due = time, mask & day
    return best, due


LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def masks_of_days(crontabs: Sequence[Crontab]) -> list[int]:
    """Which crontabs run on one day, for each kind of day there is; a bit for each crontab."""

    def bits(field: str) -> dict[int, int]:
        low, high = FIELDS[field]
        return {
            number: sum(
                1 << place for place, c in enumerate(crontabs) if number in getattr(c, field)
            )
            for number in range(low, high + 1)
        }

    weekdays = set(bits("day_of_week").values())
    days, months = bits("day_of_month"), bits("month_of_year")
    dates = {
        days[day] & months[month]
        for month in months
        for day in range(1, LONGEST_MONTH[month - 1] + 1)
    }
    return sorted({weekday & date for weekday, date in product(weekdays, dates)})


def moved(entry: BeatEntry, project: Project, found: Stampede) -> list[Any] | None:
    """The place of `*/n` in an entry's crontab, and the same step from another minute on at which
    there are not too many entries; None where that is not written there, or does not help."""
    schedule = entry.schedule
    if not isinstance(schedule, Made) or schedule.callee != CRONTAB:
        return None
    minute = schedule.kwargs.get("minute") or (schedule.args[0] if schedule.args else None)
    if not isinstance(minute, Const) or not entry.holds(minute):
        return None
    text = minute.constant
    step = int(text[2:]) if isinstance(text, str) and text[2:].isdecimal() else 0
    crontab = entry.crontab
    if crontab is None or text != f"*/{step}" or not 1 < step < 60:
        return None
    others = [c for e in found.entries if e is not entry and (c := e.crontab) is not None]
    always = len(found.entries) - 1 - len(others)
    for start in range(1, step):
        there = crontab._replace(minute=frozenset(range(start, 60, step)))
        _, due = fullest_minute([there, *(c for c in others if c.minute & there.minute)])
        if due.bit_count() + always < most_at_once(project):
            return [list(minute.span), text, f"{start}-59/{step}"]
    return None


@beat_stampede.fix(UNSAFE, "Start the steps at another minute")
def start_later(finding: Finding, source: Source) -> Iterable[Edit]:
    span, old, new = finding.fix_data
    written = text_at(source, span)
    if written[1:-1] == old:
        yield Edit(span, f"{written[0]}{new}{written[-1]}")
