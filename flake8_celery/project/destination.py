"""The queue that a task's messages end up on, and what decides.

As Celery does it (`celery/app/task.py: apply_async`, `celery/app/routes.py: Router`,
`celery/app/amqp.py: send_task_message`): the task's own `queue` wins over every route; the first
router that answers decides, and in one dict an exact key before the patterns, these in order; what
is left goes to the default queue.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..rule import Undecided, Where
from .apps import App
from .routing import matches, queue_name
from .values import Const, Items, Mapping, Ref, Value

if TYPE_CHECKING:
    from .tasks import Task

DEFAULT_QUEUE = "celery"


class Destination(NamedTuple):
    """Where messages go: `queue` is its name, None where an exchange takes them and its bindings
    decide.  `pattern` is the route's key, None where no route decided; `where` is the place of
    what decided, None for Celery's own default."""

    queue: str | None
    pattern: str | None
    where: Where | None


def destination_of(task: Task) -> Destination:
    """Where calls of a task go that choose no queue themselves.  Raises Undecided."""
    own = task.option("queue")
    if own is not None and not (isinstance(own, Const) and not own.constant):
        return Destination(queue_name(own), None, own.where)
    if len(task.apps) != 1:
        raise Undecided(f"the app of the task at {task.where.shown}")
    if task.name is None:
        raise Undecided(f"the name of the task at {task.where.shown}")
    exchange = task.option("exchange")
    own_exchange = exchange is not None and exchange.value is not None
    return route(task.apps[0], task.name, own_exchange)


def route(app: App, name: str, own_exchange: bool = False) -> Destination:
    """Where an app sends a task of this name that has no queue of its own; `own_exchange` says
    that it has an exchange.  Raises Undecided."""
    routes = app.configuration.get("task_routes")
    if routes is not None:
        for key, options in _answers(routes, name):
            if not isinstance(options, Mapping):
                return _to_queue(app, queue_name(options), key)
            if options.open:
                raise Undecided(f"the options of the route at {key.where.shown}")
            if not options.entries:
                # An empty answer ends the search, and counts as none.
                break
            queue = options.get("queue")
            if queue is not None and not (isinstance(queue, Const) and not queue.constant):
                return _to_queue(app, queue_name(queue), key)
            exchange = options.get("exchange")
            if own_exchange or (exchange is not None and exchange.value is not None):
                return Destination(None, _pattern(key), key.where)
            return _default(app, key)
    # The default queue is chosen before an exchange of the task's own is looked at.
    return _default(app, None)


def _to_queue(app: App, queue: str | None, key: Value) -> Destination:
    if queue is None:
        raise Undecided(f"the route at {key.where.shown}")
    return Destination(queue, _pattern(key), key.where)


def _default(app: App, key: Value | None) -> Destination:
    setting = app.configuration.setting("task_default_queue")
    name = DEFAULT_QUEUE if setting is None else setting.value.value
    if not isinstance(name, str):
        raise Undecided("the name of the default queue")
    if key is not None:
        return Destination(name, _pattern(key), key.where)
    return Destination(name, None, None if setting is None else setting.where)


def _pattern(key: Value) -> str | None:
    return str(key.constant) if isinstance(key, Const) else None


def _answers(routes: Value, name: str) -> Iterator[tuple[Value, Value]]:
    """What the routers say of a task of this name: at most one answer of each, in order."""
    if isinstance(routes, Const) and routes.constant is None:
        return
    routers = routes.items if isinstance(routes, Items) and routes.kind != "set" else [routes]
    for router in routers:
        answer = _answer(router, name)
        if answer is not None:
            yield answer
    if isinstance(routes, Items) and routes.open:
        raise Undecided(f"routes that are not known at {routes.where.shown}")


def _answer(router: Value, name: str) -> tuple[Value, Value] | None:
    pairs = list(_pairs(router))
    for key, options in reversed(pairs):
        # In a dict made of pairs the last of equal keys counts.
        if isinstance(key, Const) and "*" not in str(key.constant) and key.constant == name:
            return key, options
    if isinstance(router, (Mapping, Items)) and router.open:
        raise Undecided(f"routes that are not known at {router.where.shown}")
    if any(not isinstance(key, Const) for key, _ in pairs):
        raise Undecided(f"a route's key that is not known at {router.where.shown}")
    patterns: dict[str, tuple[Value, Value]] = {}
    for key, options in pairs:
        # A pattern that comes up again keeps its place and gets the new options.
        if isinstance(key, Const) and "*" in str(key.constant):
            patterns[str(key.constant)] = (key, options)
    for pattern, answer in patterns.items():
        if matches(pattern, name):
            return answer
    return None


def _pairs(router: Value) -> Iterator[tuple[Value, Value]]:
    if isinstance(router, Mapping):
        for entry in router.entries:
            yield entry.key, entry.item
        return
    if isinstance(router, Items) and router.kind != "set":
        for pair in router.items:
            if not (isinstance(pair, Items) and len(pair.items) == 2 and not pair.open):
                raise Undecided(f"a route at {pair.where.shown}")
            yield pair.items[0], pair.items[1]
        return
    what = "a router function" if isinstance(router, (Ref, Const)) else router.describe()
    raise Undecided(f"{what} at {router.where.shown}")
