"""Where tasks go: the routes and the declared queues of each app.

`task_routes` is a dict, or a list of dicts, router functions and lists of pairs
(`celery/app/routes.py: prepare`, `MapRoute`); `task_queues` a list of `kombu.Queue`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..rule import Undecided, Where
from .apps import App
from .configuration import Setting
from .loose_settings import loose_settings
from .subject import Subject
from .values import Const, Items, Made, Mapping, Text, Value

if TYPE_CHECKING:
    from . import Project

QUEUE_CLASSES = frozenset({"kombu.Queue", "kombu.common.Broadcast"})


class Routes(Subject):
    """One `task_routes`, at the place where it is written; `value` is what it holds."""

    __slots__ = ("app", "in_development", "value")

    def __init__(self, project: Project, where: Where, value: Value, app: App | None) -> None:
        super().__init__(project, where.module, 0, 0, where.span)
        self.value = value
        self.app = app
        self.in_development = False

    @classmethod
    def collect(cls, project: Project) -> list[Routes]:
        """Every `task_routes` of the project, one per place."""
        found: dict[tuple[str, int, int], Routes] = {}
        for where, value, app, production in settings_of(project, "task_routes"):
            for option in value.alternatives():
                routes = cls(project, where, option, app)
                routes.in_development = not production
                at = option.where
                found.setdefault((at.module.path, at.span[0], at.span[1]), routes)
        return [found[place] for place in sorted(found)]

    @property
    def in_test(self) -> bool:
        """Whether it stands in test code, or in settings for tests or development only."""
        return self.in_development or super().in_test


class Route(Subject):
    """One route by name: `pattern` is its key, `options` what it gives; `span` is the key."""

    __slots__ = ("app", "in_development", "options", "pattern")

    def __init__(
        self, project: Project, where: Where, pattern: str, options: Value, app: App | None
    ) -> None:
        super().__init__(project, where.module, 0, 0, where.span)
        self.pattern = pattern
        self.options = options
        self.app = app
        self.in_development = False

    def __repr__(self) -> str:
        return f"Route({self.pattern!r}, {self.where.shown})"

    @classmethod
    def collect(cls, project: Project) -> list[Route]:
        """Every route of the project, one per place, in the order of modules and rows."""
        found: dict[tuple[str, int, int], Route] = {}
        for routes in project.all(Routes):
            for key, options in pairs_of(routes.value):
                if not isinstance(key, Const) or not isinstance(key.constant, str):
                    continue
                route = cls(project, key.where, key.constant, options, routes.app)
                route.in_development = routes.in_development
                place = (key.where.module.path, key.where.span[0], key.where.span[1])
                found.setdefault(place, route)
        return [found[place] for place in sorted(found)]

    @property
    def in_test(self) -> bool:
        """Whether it stands in test code, or in settings for tests or development only."""
        return self.in_development or super().in_test

    def matches(self, name: str) -> bool:
        """Whether the route is for a task of this name, by Celery's own reading: a key with `*`
        is a pattern of `fnmatch`, any other an exact name."""
        return matches(self.pattern, name)

    @property
    def queue(self) -> str | None:
        """The name of the queue it leads to; None when it names none.  Raises Undecided when
        that is not known."""
        options = self.options
        if isinstance(options, Const):
            return str(options.constant) if isinstance(options.constant, str) else None
        if not isinstance(options, Mapping):
            raise Undecided(f"the route at {self.where.shown}")
        queue = options.get("queue")
        return None if queue is None else queue_name(queue)


class DeclaredQueue(Subject):
    """One queue of a `task_queues`; `span` is its `Queue(...)` call."""

    __slots__ = ("app", "made")

    def __init__(self, project: Project, made: Made, app: App | None) -> None:
        super().__init__(project, made.where.module, 0, 0, made.where.span)
        self.made = made
        self.app = app

    @classmethod
    def collect(cls, project: Project) -> list[DeclaredQueue]:
        """Every queue that a `task_queues` of the project declares, one per place."""
        found: dict[tuple[str, int, int], DeclaredQueue] = {}
        for _, value, app, _ in settings_of(project, "task_queues"):
            for option in value.alternatives():
                for made in queues_in(option):
                    where = made.where
                    place = (where.module.path, where.span[0], where.span[1])
                    found.setdefault(place, cls(project, made, app))
        return [found[place] for place in sorted(found)]

    @property
    def name(self) -> str | None:
        """The queue's name; None when it has none.  Raises Undecided when that is not known."""
        return queue_name(self.made)

    def argument(self, name: str) -> Value | None:
        """An argument of the `Queue` call by its keyword; None when it is not given.  Raises
        Undecided when that is not known."""
        if self.made.starred:
            raise Undecided(f"arguments of the queue at {self.where.shown}")
        if name in self.made.kwargs:
            return self.made.kwargs[name]
        order = ("name", "exchange", "routing_key")
        place = order.index(name) if name in order else len(self.made.args)
        return self.made.args[place] if place < len(self.made.args) else None


def settings_of(project: Project, name: str) -> Iterator[tuple[Where, Value, App | None, bool]]:
    """Every write of a setting: its place, its value, its app, and whether it is for
    production."""
    for setting in project.all(Setting):
        if name in {setting.name_in(legacy) for legacy in (False, True)}:
            yield setting.where, setting.value, setting.app, setting.production
    for loose in loose_settings(project, name):
        yield loose.where, loose.value, None, loose.production


def pairs_of(value: Value) -> Iterator[tuple[Value, Value]]:
    """The keys and routes of a `task_routes`, in the order in which Celery asks them."""
    routers = value.items if isinstance(value, Items) else [value]
    for router in routers:
        for option in router.alternatives():
            if isinstance(option, Mapping) or isinstance(value, Items):
                yield from pairs_in(option)


def pairs_in(router: Value) -> Iterator[tuple[Value, Value]]:
    """The keys and routes of one router, where it is a dict or a list of pairs."""
    if isinstance(router, Mapping):
        for entry in router.entries:
            yield entry.key, entry.item
    elif isinstance(router, Items):
        for pair in router.items:
            if isinstance(pair, Items) and len(pair.items) == 2 and not pair.open:
                yield pair.items[0], pair.items[1]


def queues_in(value: Value) -> Iterator[Made]:
    """The `Queue(...)` calls in a `task_queues`."""
    if isinstance(value, Mapping):
        items = [entry.item for entry in value.entries]
    else:
        items = value.items if isinstance(value, Items) else []
    for item in items:
        if isinstance(item, Made) and item.callee in QUEUE_CLASSES:
            yield item


def queue_name(value: Value) -> str | None:
    """The name of a queue given as a text or as `Queue(...)`; None when it has none.  Raises
    Undecided when that is not known."""
    if isinstance(value, Made) and value.callee in QUEUE_CLASSES:
        given = value.args[0] if value.args else value.kwargs.get("name")
        if given is None and not value.starred:
            return None
        if given is not None:
            return queue_name(given)
    constant = value.value
    return constant if isinstance(constant, str) else None


def matches(pattern: str, name: str) -> bool:
    """Whether a key of `task_routes` is for a task of this name (`celery/app/routes.py`)."""
    if "*" not in pattern:
        return pattern == name
    from fnmatch import fnmatchcase

    return fnmatchcase(name, pattern)


def may_be_name(queue: Value, name: str) -> bool:
    """Whether a queue of which only parts are known may have this name."""
    for option in queue.alternatives():
        if isinstance(option, Text):
            if name.startswith(option.head) and name.endswith(option.tail):
                return True
        elif not isinstance(option, Const) or option.constant == name:
            return True
    return False
