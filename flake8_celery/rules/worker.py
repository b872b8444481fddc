"""The worker's settings (CEL440-CEL459)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..project.apps import App
from ..project.configuration import Configuration, Setting
from ..project.connections import broker_of
from ..project.deployment import may_give
from ..project.tasks import Task
from ..project.values import Const, possible, surely
from ..rule import (
    CORRECTNESS,
    PEDANTIC,
    SUSPICIOUS,
    UNSAFE,
    Edit,
    Report,
    report,
    rule,
)
from .edits import text_at

if TYPE_CHECKING:
    from ..project import Project
    from ..rule import Finding
    from ..source import Source


@rule(
    Setting,
    "CEL440",
    "celery-prefetch-unlimited",
    CORRECTNESS,
    says="`{key}` 0 means no limit: the first worker reserves the whole queue; 1 reserves least",
)
def prefetch_unlimited(setting: Setting, project: Project) -> Iterator[Report]:
    """`worker_prefetch_multiplier = 0`, which is often meant to switch prefetching off."""
    if setting.in_test or setting.name != "worker_prefetch_multiplier" or not setting.may_win:
        return
    value = setting.value
    if not surely(value, lambda number: number == 0 and not isinstance(number, str)):
        return
    if says_unlimited(setting):
        return
    # SQS hands out ten messages at a time, whatever is asked.
    if broker_of(setting.app.configuration) == "sqs":
        return
    literal = value.where.module is setting.module
    yield report(setting.where, key=setting.key, fix=list(value.where.span) if literal else None)


def says_unlimited(setting: Setting) -> bool:
    """Whether a comment on the line, or above it, says that no limit is meant."""
    lines = project_lines(setting)
    row = setting.span[0] - 1
    near = lines[max(row - 2, 0) : row + 1]
    return any("unlimited" in line.lower() or "no limit" in line.lower() for line in near)


def project_lines(setting: Setting) -> list[str]:
    """The lines of the file that a setting stands in."""
    return setting.project.text_of(setting.module).decode("utf-8", "replace").splitlines()


@prefetch_unlimited.fix(UNSAFE, "Write 1")
def write_one(finding: Finding, source: Source) -> Iterable[Edit]:
    """Replaces a literal 0 by 1."""
    span = finding.fix_data
    text = source.text[source.offset(span[0], span[1]) : source.offset(span[2], span[3])]
    if text == "0":
        yield Edit(span, "1")


# The pools that run tasks in greenlets (`celery/concurrency/__init__.py`).
GREEN_POOLS = {
    **dict.fromkeys(("gevent", "celery.concurrency.gevent:TaskPool"), "gevent"),
    **dict.fromkeys(("eventlet", "celery.concurrency.eventlet:TaskPool"), "eventlet"),
}
PATCHES = (b"patch_all", b"monkey_patch", b"maybe_patch_concurrency")


@rule(
    Setting,
    "CEL444",
    "celery-green-pool-in-config",
    CORRECTNESS,
    says="`{key}` is read when it is too late to patch what blocks, so tasks do not run side by "
    "side: start the worker with `-P {pool}`",
)
def green_pool_in_config(setting: Setting, project: Project) -> Iterator[Report]:
    """`worker_pool = "gevent"`, which patches nothing; `-P gevent` does."""
    if setting.in_test or setting.name != "worker_pool" or not setting.may_win:
        return
    pools = set()
    for option in possible(setting.value):
        if not isinstance(option, Const) or option.constant not in GREEN_POOLS:
            return
        pools.add(GREEN_POOLS[option.constant])
    if len(pools) == 1 and not patches_itself(setting):
        yield report(setting.where, key=setting.key, pool=pools.pop())


def patches_itself(setting: Setting) -> bool:
    """Whether the project patches the standard library by itself: in a file that speaks of
    Celery, or in a package around the app or the setting."""
    project = setting.project
    modules = list(project.modules)
    for path in (setting.app.module.path, setting.module.path):
        folder = path.rpartition("/")[0]
        while folder:
            package = project.module_at(f"{folder}/__init__.py")
            modules += [package] if package is not None else []
            folder = folder.rpartition("/")[0]
    return any(word in project.text_of(module) for module in modules for word in PATCHES)


KIBIBYTE = 1024
# A process of Celery with nothing in it has some 40 MiB; no machine gives one process 64 GiB.
LEAST_MEMORY, MOST_MEMORY = 20_000, 64 * KIBIBYTE * KIBIBYTE
# Beyond this a number is no amount of memory in any unit.
MOST_BYTES = 2**63


@rule(
    Setting,
    "CEL448",
    "celery-max-memory-unit",
    SUSPICIOUS,
    says="`{key}` counts KiB: {number} is {size}, {consequence}",
)
def max_memory_unit(setting: Setting, project: Project) -> Iterator[Report]:
    """A limit that was meant in megabytes, or in bytes."""
    if setting.in_test or setting.name != "worker_max_memory_per_child" or not setting.may_win:
        return
    value = setting.value
    numbers = [o.constant for o in possible(value) if isinstance(o, Const)]
    if len(numbers) < len(possible(value)):
        return
    number = numbers[0]
    if len(numbers) > 1 or isinstance(number, bool) or not isinstance(number, (int, float)):
        return
    if LEAST_MEMORY <= number <= MOST_MEMORY or not 0 < number < MOST_BYTES:
        return
    small = number < LEAST_MEMORY
    literal = value.where.module is setting.module
    yield report(
        setting.where,
        key=setting.key,
        number=number,
        size=f"{number / KIBIBYTE:.1f} MiB" if small else f"{number / KIBIBYTE**2:.0f} GiB",
        consequence="less than an idle process has, so each is replaced after every task"
        if small
        else "which no process reaches",
        fix=[str(number), small, *value.where.span] if literal else None,
    )


@max_memory_unit.fix(UNSAFE, "Write it in KiB")
def write_in_kibibytes(finding: Finding, source: Source) -> Iterable[Edit]:
    """Takes a literal for megabytes, or for bytes."""
    number, small, *span = finding.fix_data
    if text_at(source, span).replace("_", "") != number or not number.isdigit():
        return
    size = int(number)
    yield Edit(span, str(size * KIBIBYTE if small else size // KIBIBYTE))


@rule(
    App,
    "CEL450",
    "celery-no-child-recycling",
    PEDANTIC,
    says="neither `worker_max_tasks_per_child` nor `worker_max_memory_per_child` is set: what "
    "tasks leak stays until the worker is restarted",
)
def no_child_recycling(app: App, project: Project) -> Iterator[Report]:
    """Worker processes that are never replaced."""
    configuration = app.configuration
    if app.in_test or not runs_tasks(app, project) or not is_prefork(configuration):
        return
    for name in ("worker_max_tasks_per_child", "worker_max_memory_per_child"):
        if configuration.setting(name) is not None:
            return
    if not may_give(app, "max-tasks-per-child", "max-memory-per-child", "pool"):
        yield report(configuration.anchor)


@rule(
    App,
    "CEL451",
    "celery-concurrency-unset",
    PEDANTIC,
    says="`worker_concurrency` is not set: a worker starts one process for each CPU of the host, "
    "however few a container may use",
)
def concurrency_unset(app: App, project: Project) -> Iterator[Report]:
    """Relying on the number of CPUs."""
    configuration = app.configuration
    if app.in_test or not runs_tasks(app, project) or not is_prefork(configuration):
        return
    if configuration.setting("worker_concurrency") is None and not may_give(
        app, "concurrency", "autoscale", "pool"
    ):
        yield report(configuration.anchor)


def runs_tasks(app: App, project: Project) -> bool:
    """Whether an app has tasks, so that it has workers as well; a monitor has none."""
    return any(app in task.apps for task in project.all(Task))


def is_prefork(configuration: Configuration) -> bool:
    """Whether the configuration leaves the worker its processes."""
    pool = configuration.get("worker_pool")
    return pool is None or surely(pool, lambda name: name in ("prefork", "processes"))
