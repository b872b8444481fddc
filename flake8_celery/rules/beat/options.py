"""Entries of schedules: the options that a scheduler drops, and limits above the interval."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ...project.names import Definition, ModuleRef
from ...project.schedule import DATABASE, PERSISTENT, ROW, BeatEntry
from ...project.values import Const, Mapping, Value
from ...rule import (
    CORRECTNESS,
    SAFE,
    SUSPICIOUS,
    Edit,
    Finding,
    Related,
    Report,
    Undecided,
    report,
    rule,
)
from ..edits import text_at
from .entries import at, every, shortest_gap

if TYPE_CHECKING:
    from ...project import Project
    from ...project.tasks import Task
    from ...source import Source

#: What `ModelEntry._unpack_options` of django-celery-beat keeps (`schedulers.py`).
KEPT_IN_ROWS = frozenset("queue exchange routing_key priority headers expire_seconds".split())
OWN_EXPIRY = {PERSISTENT: "expires", DATABASE: "expire_seconds"}
#: Words in the source of a task that says itself that it does not run twice.
LOCK_WORDS = ("lock", "once", "singleton", "single", "overlap", "running", "semaphore", "mutex")
#: Words in the names of a module that keeps others from running at the same time.
LOCKS = frozenset("lock locks locked unlock mutex semaphore singleton redlock".split())


# CEL516


@rule(
    BeatEntry,
    "CEL516",
    "celery-beat-expiry-dropped",
    CORRECTNESS,
    says="The option `{key}` of the entry `{entry}` has no effect: {why}",
)
def beat_expiry_dropped(entry: BeatEntry, project: Project) -> Iterator[Report]:
    """django-celery-beat drops `expires`, Celery's own scheduler sends `expire_seconds` as a
    property of the message that nobody reads."""
    scheduler = entry.scheduler
    if entry.in_test or entry.source == ROW or scheduler not in OWN_EXPIRY:
        return
    found = entry.entry.entry("options")
    if found is None or not isinstance(found.item, Mapping):
        return
    options = found.item
    right = OWN_EXPIRY[scheduler]
    wrong = "expires" if scheduler == DATABASE else "expire_seconds"
    for written in options.entries:
        key = written.key.constant if isinstance(written.key, Const) else None
        if not isinstance(key, str):
            continue
        where = at(entry, written.where)
        if key == wrong:
            if options.entry(right) is not None:
                continue
            if options.open:
                raise Undecided(f"whether there is a key {right!r} at {options.where.shown}")
            reader = "django-celery-beat" if scheduler == DATABASE else "Celery's own scheduler"
            movable = where.module is written.where.module and _is_whole(written.item)
            yield report(
                where,
                key=key,
                entry=entry.shown,
                why=f"{reader} reads `{right}`, so the messages never expire",
                fix=[list(written.where.span), right] if movable else None,
            )
        elif scheduler == DATABASE and key not in KEPT_IN_ROWS:
            why = "django-celery-beat keeps no such option and drops it"
            yield report(where, key=key, entry=entry.shown, why=why)


def _is_whole(value: Value) -> bool:
    """Whether a value is a whole number, which both schedulers take for seconds."""
    return isinstance(value, Const) and type(value.constant) is int and value.constant > 0


@beat_expiry_dropped.fix(SAFE, "Write the key that the scheduler reads")
def rename_expiry(finding: Finding, source: Source) -> Iterable[Edit]:
    span, name = finding.fix_data
    written = text_at(source, span)
    if written.isidentifier():
        yield Edit(span, name)
    elif written[:1] in "\"'":
        yield Edit(span, f"{written[0]}{name}{written[0]}")


# CEL521


@rule(
    BeatEntry,
    "CEL521",
    "celery-limit-exceeds-interval",
    SUSPICIOUS,
    says="`{task}` may run for {limit}, but the entry `{entry}` sends it {often}: two runs may "
    "overlap",
)
def limit_exceeds_interval(entry: BeatEntry, project: Project) -> Iterator[Report]:
    """Beat sends at every interval, whether or not the last run is over."""
    if entry.in_test or entry.source == ROW:
        return
    tasks = entry.tasks
    if len(tasks) != 1 or project.once(is_guarded, tasks[0], project):
        return
    task = tasks[0]
    own = written_limit(task)
    if own is None:
        return
    options = entry.options
    if options is not None and (not isinstance(options, Mapping) or options.open):
        raise Undecided(f"the options of the entry at {entry.where.shown}")
    limits = [limit_of(name, options, task) for name in ("time_limit", "soft_time_limit")]
    given = [limit for limit in limits if limit]
    gap = shortest_gap(entry)
    if gap is None or gap <= 0 or not given or min(given) <= gap:
        return
    if task.apps and all(has_one_process(task, number) for number in range(len(task.apps))):
        return
    yield report(
        entry.where,
        Related(task.option_where(own), "the limit"),
        task=task.shown,
        limit=every(min(given)).removeprefix("every "),
        entry=entry.shown,
        often=every(gap),
    )


def written_limit(task: Task) -> str | None:
    """The limit that the task itself has, by name; None where it only has its app's."""
    for name in ("time_limit", "soft_time_limit"):
        if task.written(name) is not None:
            return name
    return None


def limit_of(name: str, options: Mapping | None, task: Task) -> float | None:
    """The seconds of a limit of the entry or its task; None when there is none.  Raises Undecided
    when that is not known."""
    value = options.get(name) if options is not None else None
    if value is None:
        value = task.option(name)
    if value is None or value.value is None:
        return None
    number = value.value
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise Undecided(f"the limit at {value.where.shown}")
    return float(number)


def has_one_process(task: Task, number: int) -> bool:
    """Whether the workers of an app of a task run one task at a time."""
    value = task.apps[number].configuration.get("worker_concurrency")
    return value is not None and value.value == 1


def is_guarded(task: Task, project: Project) -> bool:
    """Whether a task's source, its module or one that it uses speaks of a lock, or a base class
    may hold one."""
    if task.base is not None and not task.class_based:
        return True
    module = task.function.module
    start, _, end, _ = task.function.facts.whole
    text = project.text_of(module).decode("utf-8", "replace")
    own = "\n".join(text.splitlines()[start - 1 : end])
    if any(word in own.lower() for word in LOCK_WORDS) or "cache.add" in own:
        return True
    used = words_of(own)
    modules = [module]
    for name in module.facts.imports:
        if name.name in used:
            target = project.names.imported(name, module)
            if isinstance(target, (ModuleRef, Definition)):
                modules.append(target.module)
    return any(LOCKS & words_of(project.text_of(m).decode("utf-8", "replace")) for m in modules)


def words_of(text: str) -> set[str]:
    """The names in a text, and the words that they are made of, in lower case."""
    import re

    names = set(re.findall(r"\w+", text))
    return {*names, *(part.lower() for name in names for part in name.split("_"))}
