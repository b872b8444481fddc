"""Queues that tasks are sent to: CEL401, CEL408 and CEL412."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..project.apps import App
from ..project.deployment import may_name
from ..project.dispatch import Dispatch
from ..project.routing import Route, Routes, matches, pairs_in, queue_name
from ..project.schedule import BeatEntry
from ..project.subject import Subject
from ..project.tasks import Task, registry_closed
from ..project.values import Const, Entry, Items, Mapping, Value
from ..rule import (
    CORRECTNESS,
    PEDANTIC,
    SUSPICIOUS,
    Related,
    Report,
    Undecided,
    Where,
    report,
    rule,
)
from .routing import _declares, _route_is_for

if TYPE_CHECKING:
    from ..project import Project


# CEL401


class Sending(Subject):
    """A place that names the queue of a task: a route's key, a task's `queue`, a call's,
    a beat entry's.

    `queue` is what it names, `app` the app that sends it."""

    __slots__ = ("app", "queue")

    def __init__(self, project: Project, where: Where, queue: Value, app: App) -> None:
        super().__init__(project, where.module, 0, 0, where.span)
        self.queue = queue
        self.app = app

    @classmethod
    def collect(cls, project: Project) -> list[Sending]:
        """All of them, tests left out."""
        found = []
        for route in project.all(Route):
            if route.app is None or route.in_test or not isinstance(route.options, Mapping):
                continue
            entry = route.options.entry("queue")
            if entry is not None and any(_route_is_for(route, t) for t in project.all(Task)):
                found.append(cls(project, route.where, entry.item, route.app))
        for task in project.all(Task):
            queue = task.options.get("queue")
            if queue is not None and len(task.apps) == 1 and not task.in_test:
                found.append(cls(project, task.option_where("queue"), queue, task.apps[0]))
        for dispatch in project.all(Dispatch):
            sent = dispatch.task
            if sent is None or len(sent.apps) != 1 or dispatch.in_test:
                continue
            if "queue" in dispatch.options and dispatch.publishes:
                expr, span = dispatch.options["queue"]
                queue = dispatch.evaluate(expr)
                found.append(cls(project, dispatch.at(span), queue, sent.apps[0]))
        for planned in project.all(BeatEntry):
            named = _queue_of(planned)
            if named is not None and planned.app is not None and not planned.in_test:
                found.append(cls(project, named.where, named.item, planned.app))
        return found


def _queue_of(planned: BeatEntry) -> Entry | None:
    """Where an entry of a schedule names the queue of its task; None where that is not known."""
    try:
        options = planned.options
        named = options.entry("queue") if isinstance(options, Mapping) else None
        return named if planned.tasks else None
    except Undecided:
        return None


@rule(
    Sending,
    "CEL401",
    "celery-route-to-unconsumed-queue",
    SUSPICIOUS,
    says="`{queue}` is not in `{setting}`, so no worker reads it unless started with `-Q {queue}`",
)
def route_to_unconsumed_queue(sending: Sending, project: Project) -> Iterator[Report]:
    """A worker without `-Q` consumes from `task_queues` alone (`celery/app/amqp.py: Queues`)."""
    configuration = sending.app.configuration
    setting = configuration.setting("task_queues")
    if setting is None or setting.in_test:
        return
    create = configuration.get("task_create_missing_queues")
    if create is not None and create.value is False:
        return
    name = queue_name(sending.queue)
    if not name or any(_declares(option, name) for option in setting.value.alternatives()):
        return
    if may_name(sending.app, name):
        return
    related = Related(setting.where, "the queues that are declared")
    yield report(sending.where, related, queue=name, setting=setting.key)


# CEL408


class RoutesAndRoute(Subject):
    """Whole `task_routes`, and each route in them."""

    @classmethod
    def collect(cls, project: Project) -> list[Any]:
        """All of both."""
        return [*project.all(Routes), *project.all(Route)]


@rule(
    RoutesAndRoute,
    "CEL408",
    "celery-route-shadowed",
    CORRECTNESS,
    says="The route `{pattern}` has no effect: `{winner}` comes before it and matches every task "
    "that it does",
)
def route_shadowed(routes: Routes | Route, project: Project) -> Iterator[Report]:
    """`MapRoute` asks exact names, then patterns in their order; the first router that answers
    decides (`celery/app/routes.py`)."""
    if routes.in_test:
        return
    if isinstance(routes, Route):
        yield from overruled(routes, project)
        return
    value = routes.value
    routers = value.items if isinstance(value, Items) and value.kind != "set" else [value]
    earlier: list[tuple[str, Value, Where]] = []
    for router in routers:
        if not isinstance(router, (Items, Mapping)) or router.open:
            break
        pairs = list(pairs_in(router))
        if isinstance(router, Items) and (router is value or len(pairs) < len(router.items)):
            break
        entries = [
            (str(key.constant), options, key.where)
            for key, options in pairs
            if isinstance(key, Const) and isinstance(key.constant, str)
        ]
        before = list(earlier)
        for pattern, options, where in entries:
            winners = before if "*" in pattern else earlier
            winner = next((w for w in winners if covers(w[0], pattern)), None)
            if winner is None:
                before.append((pattern, options, where))
            elif leads_elsewhere(winner[1], options) and not is_idle(where, project):
                related = Related(winner[2], "this one wins")
                yield report(where, related, pattern=pattern, winner=winner[0])
        earlier += entries


def is_idle(where: Where, project: Project) -> bool:
    """Whether a route is for no task at all, whatever comes before it."""
    if not registry_closed(project) or not project.all(Task):
        return False
    return not any(
        route.where == where and _route_is_for(route, task)
        for route in project.all(Route)
        for task in project.all(Task)
    )


def overruled(route: Route, project: Project) -> Iterator[Report]:
    """The report on a route all of whose tasks name another queue themselves
    (`celery/app/task.py: apply_async`, `celery/app/routes.py: Router.route`)."""
    queue = queue_of(route.options)
    tasks = [task for task in project.all(Task) if _route_is_for(route, task)]
    if queue is None or not tasks or ("*" in route.pattern and not registry_closed(project)):
        return
    chosen = [task.option("queue") for task in tasks]
    names = [None if own is None else queue_name(own) for own in chosen]
    if all(name and name != queue for name in names):
        yield report(
            route.where,
            Related(tasks[0].option_where("queue"), f"goes to `{names[0]}`"),
            says="The route `{pattern}` has no effect: {who} `queue=` itself, which wins",
            pattern=route.pattern,
            who=f"`{tasks[0].shown}` has" if len(tasks) == 1 else "each of its tasks has",
        )


def covers(pattern: str, other: str) -> bool:
    """Whether every name that `other` is for is one that `pattern` is for."""
    if "?" in pattern or "[" in pattern:
        return False
    # The `*` of the other one stands for any text, so only a `*` may match it.
    return pattern == other or ("*" in pattern and matches(pattern, other))


def leads_elsewhere(one: Value, other: Value) -> bool:
    """Whether two routes surely name different queues."""
    queues = queue_of(one), queue_of(other)
    return None not in queues and queues[0] != queues[1]


def queue_of(options: Value) -> str | None:
    """The queue that a route names; None where it names none, or that is not known."""
    try:
        if isinstance(options, Mapping):
            queue = options.get("queue")
            return None if queue is None else queue_name(queue)
        return queue_name(options)
    except Undecided:
        return None


# CEL412

#: Fewer tasks than this are well off in one queue.
MANY_TASKS = 10


@rule(
    App,
    "CEL412",
    "celery-no-task-routes",
    PEDANTIC,
    says="All {count} tasks share one queue: a burst of slow ones keeps every other waiting; "
    "`task_routes` would part them",
)
def no_task_routes(app: App, project: Project) -> Iterator[Report]:
    """Neither the configuration nor a task nor a call names a queue."""
    configuration = app.configuration
    if app.in_test or not configuration.closed:
        return
    tasks = [task for task in project.all(Task) if app in task.apps and not task.in_test]
    if len(tasks) < MANY_TASKS or not registry_closed(project):
        return
    for name in ("task_routes", "task_queues", "task_annotations"):
        if configuration.get(name) is not None:
            return
    names = ("queue", "exchange", "routing_key")
    if any(task.open or any(name in task.options for name in names) for task in tasks):
        return
    if any(set(names) & set(d.options) or d.open_options for d in project.all(Dispatch)):
        return
    yield report(configuration.anchor, count=len(tasks))
