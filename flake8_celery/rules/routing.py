"""Routes and queues: which queue a task goes to, and who reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..project.configuration import Setting
from ..project.deployment import may_name
from ..project.names import Binding, Definition, LinkedModule
from ..project.routing import (
    Route,
    Routes,
    matches,
    may_be_name,
    queue_name,
    queues_in,
)
from ..project.schedule import BeatEntry
from ..project.subject import Subject, is_test_path
from ..project.tasks import Task, matches_name, registry_closed, task_with_body
from ..project.values import Const, Items, Made, Mapping, Value
from ..rule import (
    CORRECTNESS,
    SAFE,
    UNSAFE,
    Edit,
    Finding,
    Related,
    Report,
    Undecided,
    report,
    rule,
)
from .edits import appended, text_at

if TYPE_CHECKING:
    from ..project import Project
    from ..project.apps import App
    from ..source import Source


# CEL400


@rule(
    Setting,
    "CEL400",
    "celery-default-queue-not-consumed",
    CORRECTNESS,
    says="`{key}` does not declare the default queue `{queue}`, so a worker started without "
    "`-Q` never reads it; `{task}` is sent there",
)
def default_queue_not_consumed(setting: Setting, project: Project) -> Iterator[Report]:
    if setting.in_test or setting.name != "task_queues":
        return
    configuration = setting.app.configuration
    winner = configuration.setting("task_queues")
    if winner is None or winner.where != setting.where:
        return
    create = configuration.get("task_create_missing_queues")
    if create is not None and create.value is False:
        return
    default = configuration.get("task_default_queue")
    name = "celery" if default is None else queue_name(default)
    if not name or any(_declares(option, name) for option in setting.value.alternatives()):
        return
    found = _sent_to_default_queue(setting.app, project)
    if found is None or may_name(setting.app, name):
        return
    task, related = found
    yield report(
        setting.where,
        related,
        key=setting.key,
        queue=name,
        task=task.name or task.shown,
        fix=_addition(setting, name),
    )


def _declares(value: Value, name: str) -> bool:
    """Whether a `task_queues` may hold a queue of this name; its shape must be known."""
    if isinstance(value, Mapping):
        if value.open:
            raise Undecided(f"queues that are not known at {value.where.shown}")
        return any(may_be_name(entry.key, name) for entry in value.entries)
    if not isinstance(value, Items) or value.open:
        raise Undecided(f"queues that are not known at {value.where.shown}")
    made = list(queues_in(value))
    if not made or len(made) != len(value.items):
        # None and an empty list mean the default queue alone.
        raise Undecided(f"queues that are not known at {value.where.shown}")
    return any(_may_be_named(queue, name) for queue in made)


def _may_be_named(queue: Made, name: str) -> bool:
    if queue.starred:
        return True
    given = queue.args[0] if queue.args else queue.kwargs.get("name")
    return given is not None and may_be_name(given, name)


def _sent_to_default_queue(app: App, project: Project) -> tuple[Task, Related] | None:
    """A task of the app that is certainly published without any queue, and where."""
    from ..project.dispatch import Dispatch

    routes = app.configuration.get("task_routes")
    patterns = project.all(Route)
    if routes is not None:
        routers = routes.items if isinstance(routes, Items) else [routes]
        if any(not isinstance(router, Mapping) or router.open for router in routers):
            raise Undecided("a router that is not a dict")
    unrouted: dict[int, bool] = {}

    def is_unrouted(task: Task) -> bool:
        if id(task) not in unrouted:
            try:
                unrouted[id(task)] = (
                    task.name is not None
                    and not task.in_test
                    and (task.shared or app in task.apps)
                    and not any(_route_is_for(route, task) for route in patterns)
                    and all(task.option(k) is None for k in ("queue", "exchange", "routing_key"))
                )
            except Undecided:
                unrouted[id(task)] = False
        return unrouted[id(task)]

    for dispatch in project.all(Dispatch):
        task = dispatch.task
        if task is None or dispatch.in_test or not dispatch.publishes:
            continue
        if dispatch.method not in ("delay", "apply_async", "delay_on_commit"):
            continue
        if dispatch.open_options or {"queue", "exchange", "routing_key", "router"} & set(
            dispatch.options
        ):
            continue
        if app in task.apps and is_unrouted(task):
            return task, Related(dispatch.where, "sent without a queue here")
    for entry in project.all(BeatEntry):
        if entry.app is not app or entry.in_test or entry.entry.open:
            continue
        options = entry.entry.entry("options")
        if options is not None and not options.item.known:
            continue
        given = set(options.item.value) if options is not None else set()
        if {"queue", "exchange", "routing_key"} & given:
            continue
        for task in entry.tasks:
            if is_unrouted(task):
                return task, Related(entry.where, "sent without a queue here")
    return None


def _addition(setting: Setting, name: str) -> object:
    """What the fix needs to declare one more queue, or None where the list stands elsewhere."""
    value = setting.value
    if not isinstance(value, Items) or value.where.module is not setting.module:
        return None
    last = value.items[-1]
    inside = (
        last.where.module is setting.module
        and tuple(value.span[:2]) <= tuple(last.span[:2])
        and tuple(last.span[2:]) <= tuple(value.span[2:])
    )
    return {"last": list(last.span), "list": list(value.span), "name": name} if inside else None


@default_queue_not_consumed.fix(UNSAFE, "Declare the default queue as well")
def declare_default_queue(finding: Finding, source: Source) -> Iterable[Edit]:
    data = dict(finding.fix_data)
    callee = text_at(source, data["last"]).partition("(")[0]
    yield appended(source, data["last"][2:], data["list"], f'{callee}("{data["name"]}")')


# CEL404


@rule(
    Routes,
    "CEL404",
    "celery-routes-not-nested",
    CORRECTNESS,
    says="`task_routes` is a list of pairs, but Celery takes each pair for a router of its own, "
    "so every publish {follows}; put the pairs into a list inside the list",
)
def routes_not_nested(routes: Routes, project: Project) -> Iterator[Report]:
    value = routes.value
    if routes.in_test or not isinstance(value, Items) or value.kind == "set":
        return
    first = next((_pattern(item) for item in value.items if _pattern(item) is not None), None)
    if first is None:
        return
    fix = None
    if all(_pattern(item) is not None for item in value.items) and not value.open:
        if value.where.module is routes.module:
            fix = {"span": list(value.span), "first": list(value.items[0].span)}
    follows = "raises ValueError" if len(first) != 2 else f"looks for a task named {first[0]!r}"
    yield report(routes.where, follows=follows, fix=fix)


def _pattern(item: Value) -> str | None:
    """The pattern of a `(pattern, route)` pair; None for anything else."""
    if isinstance(item, Items) and len(item.items) == 2 and not item.open:
        first, second = item.items
        if isinstance(first, Const) and isinstance(first.constant, str):
            # Two short texts may be two router functions, by their names.
            is_route = isinstance(second, Mapping) or (
                isinstance(second, Const) and isinstance(second.constant, str)
            )
            return first.constant if is_route else None
    return None


@routes_not_nested.fix(SAFE, "Put the pairs into a list of their own")
def nest_routes(finding: Finding, source: Source) -> Iterable[Edit]:
    span, first = dict(finding.fix_data)["span"], dict(finding.fix_data)["first"]
    bare = span[:2] == first[:2]
    start, end = ("[[", "]]") if bare else ("[", "]")
    yield Edit((*span[:2], *span[:2]), start)
    yield Edit((*span[2:], *span[2:]), end)


# CEL407


@rule(
    Route,
    "CEL407",
    "celery-route-matches-nothing",
    CORRECTNESS,
    says="The route `{pattern}` matches no task, so it has no effect{hint}",
)
def route_matches_nothing(route: Route, project: Project) -> Iterator[Report]:
    if route.in_test or not is_own_name(project, route.pattern):
        return
    if any(_route_is_for(route, task) for task in project.all(Task)):
        return
    if not registry_closed(project) or may_be_task(project, route.pattern, route):
        raise Undecided("the tasks of the project are not all known")
    names = sent_names(project)
    if names is None:
        raise Undecided("a task is sent by a name that is not known")
    if any(route.matches(name) for name in names):
        return
    nearest = nearest_name(project, route.pattern)
    hint = f"; did you mean `{nearest}`?" if nearest else ""
    yield report(route.where, pattern=route.pattern, hint=hint)


def _route_is_for(route: Route, task: Task) -> bool:
    """Whether a route may be for a task, wherever imports start from."""
    if "*" not in route.pattern:
        return matches_name(task, route.pattern)
    if task.name is None:
        return False
    if route.matches(task.name):
        return True
    if not task.auto_named:
        return False
    parts = task.name.split(".")
    if any(matches(route.pattern, ".".join(parts[start:])) for start in range(1, len(parts))):
        return True
    pattern = route.pattern
    while "." in pattern and "*" not in pattern.partition(".")[0]:
        pattern = pattern.partition(".")[2]
        if pattern.partition("*")[0] and matches(pattern, task.name):
            return True
    return False


def is_own_name(project: Project, name: str) -> bool:
    """Whether a task's name, or a pattern of names, starts with a package of the project: what
    starts otherwise may be a task of somebody else."""
    top, dot, _ = name.partition(".")
    if not dot or "*" in top:
        return False
    return project.has_package(top) and top not in ("celery", "kombu")


def may_be_task(project: Project, name: str, subject: Subject) -> bool:
    """Whether a name leads to something in the project that is no known task, but could become
    one: a decorated function, an imported name, a variable."""
    dotted, _, last = name.rpartition(".")
    module = project.find(dotted, subject.module) if dotted else None
    if module is None:
        return False
    for binding in module.bindings(0, last):
        if is_other_task(project, module, binding, name):
            continue
        if binding.kind != "definition" or not isinstance(binding.payload, int):
            return True
        if module.facts.scopes[binding.payload].decorators:
            return True
    return bool(module.facts.problem)


def is_other_task(project: Project, module: LinkedModule, binding: Binding, name: str) -> bool:
    """Whether a function is a task that the project gives another name."""
    if binding.kind != "definition" or not isinstance(binding.payload, int):
        return False
    task = task_with_body(project, Definition(module, binding.payload))
    if task is None or task.auto_named or task.name is None or task.name == name:
        return False
    return not task.wrapped


def sent_names(project: Project) -> set[str] | None:
    """The names of tasks that the code sends without having them; None when one is not known."""
    if "sent names" not in project.kept:
        project.kept["sent names"] = _sent_names(project)
    names: set[str] | None = project.kept["sent names"]
    return names


def _sent_names(project: Project) -> set[str] | None:
    names: set[str] = set()
    for module in project.modules:
        for scope, _, call, _ in module.facts.expressions:
            if call[0] != "call" or call[2][0] not in ("attr", "name"):
                continue
            method = call[2][3] if call[2][0] == "attr" else call[2][2]
            if method not in ("send_task", "signature"):
                continue
            given = call[3][0] if call[3] else None
            for keyword, expr, _ in call[4]:
                if keyword in ("name", "task"):
                    given = expr
            if given is None:
                continue
            value = project.values.evaluate(given, module, scope)
            for option in value.alternatives():
                if isinstance(option, Const):
                    names.add(str(option.constant))
                elif method == "send_task" and not is_test_path(module.path):
                    return None
    return names


def nearest_name(project: Project, name: str) -> str | None:
    """The name of a task of the project, or the pattern for a module of tasks, that is most like
    `name`, if any is: a sibling with a quite different last part is not."""
    from difflib import SequenceMatcher

    known = {task.name for task in project.all(Task) if task.name and not task.in_test}
    if name.endswith(".*"):
        known = {f"{task.rpartition('.')[0]}.*" for task in known if "." in task}

    def likeness(other: str) -> float:
        parts, others = name.removesuffix(".*"), other.removesuffix(".*")
        whole = SequenceMatcher(None, parts, others).ratio()
        last = SequenceMatcher(None, parts.rpartition(".")[2], others.rpartition(".")[2]).ratio()
        if last == 1:
            return max(whole, 0.8)
        return whole if last >= 0.6 else 0

    best = max(sorted(known), key=likeness, default=None)
    return best if best is not None and likeness(best) >= 0.8 else None
