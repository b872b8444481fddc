"""The resolved picture of a project as plain data: what `flake8-celery inspect` shows.

Everything here is either what Celery itself would say of the project when it runs it, or is left
out and listed under `undecided`, with the reason.  What stands in test or example code is marked
as `test`.  Options that are known and have no form in JSON (exceptions to retry on) stand as Python
text under `others`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from .celery.options import CONFIG_BACKED, HOOKS, TASK_OPTIONS
from .facts import Expr, Parameter
from .project import Project
from .project.apps import App, default_app
from .project.configuration import (
    CONSTRUCTOR,
    SETTING_PARAMETERS,
    Configuration,
    Setting,
    generations,
)
from .project.deployment import Command, unreadable_files
from .project.destination import destination_of
from .project.handlers import SignalHandler
from .project.imports import imported_with
from .project.names import Definition, External
from .project.routing import pairs_of, queue_name, queues_in
from .project.schedule import CALL, ROW, SETTING, BeatEntry, entries_in
from .project.tasks import Task, class_chain, generates_plain_names
from .project.values import (
    Const,
    Items,
    Made,
    Mapping,
    OneOf,
    Ref,
    Text,
    Typed,
    Unknown,
    Value,
)
from .rule import Undecided, Where

Json = Any
# How the reason begins for what is known all the same.
NO_JSON = "JSON has no "
SOLAR = "celery.schedules.solar"
# Options of a command that may hold a password.
SECRET_OPTIONS = frozenset("broker result-backend basic-auth oauth2-secret broker-api".split())
# Keywords of a task decorator that are shown elsewhere, or that only Celery's start-up reads.
NOT_OPTIONS = frozenset("name bind base lazy shared filter run".split())


class NotPlain(Exception):
    """A value is known, and JSON has no form for it."""


class Inspection:
    """Gathers the picture of one project; `undecided` grows with what is asked."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.undecided: list[dict[str, Json]] = []
        self._told: set[tuple[str, int, str]] = set()
        self._rivals: set[int] = set()

    def picture(self) -> dict[str, Json]:
        """All that is known; keys and values as JSON has them."""
        apps, tasks = self.project.all(App), self.project.all(Task)
        shown = {
            "apps": [self._app(app) for app in apps],
            "tasks": [self._task(task) for task in self._registered(tasks)],
            "schedule": [entry for app in apps for entry in self._schedule(app)] + [*self._rows()],
            "routes": [route for app in apps for route in self._routes(app)],
            "queues": [queue for app in apps for queue in self._queues(app)],
            "commands": [self._command(command) for command in self.project.all(Command)],
        }
        shown["consumers"] = self._consumers(shown)
        for module in self.project.modules:
            if module.facts.problem is not None:
                message, row, _ = module.facts.problem
                self._note(Where(module, (max(row, 1), 1, 1, 1)), f"`{module.path}`", message)
        for path, why in unreadable_files(self.project):
            self.undecided.append(
                {"path": path, "row": 1, "what": f"the commands in `{path}`", "why": why}
            )
        shown["undecided"] = sorted(
            self.undecided, key=lambda one: (one["path"], one["row"], one["what"])
        )
        return shown

    def _note(self, where: Where, what: str, why: object) -> None:
        key = (where.module.path, where.span[0], what)
        if key not in self._told:
            self._told.add(key)
            self.undecided.append(
                {"path": key[0], "row": key[1], "what": what, "why": str(why) or "not known"}
            )

    # Apps

    def _app(self, app: App) -> dict[str, Json]:
        configuration = app.configuration
        names: dict[str, None] = {}
        for setting in configuration.settings:
            if app.in_test or not setting.in_test:
                for legacy in generations(self.project):
                    name = setting.name_in(legacy)
                    if name is not None:
                        names[name] = None
        for reason in configuration.open_reasons:
            self._note(configuration.anchor, f"the configuration of {_called(app)}", reason)
        settings = {name: shown for name in sorted(names) if (shown := self._setting(app, name))}
        return {
            "name": app.main,
            **place(app.where),
            "namespace": configuration.namespace,
            "closed": configuration.closed,
            "test": app.in_test,
            "timezone": _timezone(configuration),
            "config": settings,
        }

    def _setting(self, app: App, name: str) -> dict[str, Json] | None:
        writes = app.configuration.writes(name)
        what = f"`{name}` of {_called(app)}"
        try:
            winner = app.configuration.setting(name)
        except Undecided as error:
            where = writes[0].where if writes else app.where
            self._note(where, what, error)
            return {
                "value": None,
                "known": False,
                **place(where),
                "why": str(error),
                "candidates": [_source(setting) for setting in writes],
            }
        if winner is None:
            return None
        shown: dict[str, Json] = {"value": None, "known": False, **_source(winner)}
        try:
            if name == "beat_schedule" and any(
                entry.source == CALL and entry.app is app for entry in self.project.all(BeatEntry)
            ):
                raise NotPlain("calls of `add_periodic_task` add to it")
            shown.update(value=plain(winner.value), known=True)
        except (NotPlain, Undecided) as error:
            self._note(winner.where, what, error)
            shown["why"] = str(error)
        shown["text"] = text_of(winner.value)
        shown["shadowed"] = [_source(s) for s in writes if s.place != winner.place]
        return shown

    # Tasks

    def _registered(self, tasks: list[Task]) -> list[Task]:
        """The tasks without those whose name another task of the same module took before
        (`Celery._task_from_fun`); which of several modules comes first is not known."""
        by_name: dict[str, list[Task]] = {}
        for task in tasks:
            if task.name is not None:
                by_name.setdefault(task.name, []).append(task)
        gone: list[Task] = []
        for name, same in by_name.items():
            rivals = [task for task in same if task.apps == same[0].apps]
            if len(rivals) < 2:
                continue
            first, *rest = rivals
            if all(task.module is first.module for task in rest):
                gone += rest
            else:
                self._rivals |= set(map(id, rivals))
            for task in rest:
                self._note(
                    task.where,
                    f"which task is `{name}`",
                    f"the name is also that of the task at {first.where.shown}",
                )
        return [task for task in tasks if task not in gone]

    def _task(self, task: Task) -> dict[str, Json]:
        if task.name is None:
            self._note(task.where, f"the name of the task `{task.shown}`", _why_unnamed(task))
        bind = self._asked(task.where, f"`bind` of `{task.shown}`", lambda: task.bind)
        signature = self._asked(
            task.where,
            f"the signature of `{task.shown}`",
            lambda: signature_text(self.project, task),
        )
        app = task.apps[0] if len(task.apps) == 1 else None
        shown: dict[str, Json] = {
            "name": task.name,
            **place(task.where),
            "app": app.main if app is not None else None,
            "bind": bool(bind),
            "signature": signature,
            "options": {},
            "others": {},
            "function": task.shown,
            "made_by": _maker_of(task),
            "test": task.in_test,
            "module": task.module.name,
            "queue": None,
            "routed_by": None,
        }
        if app is None:
            self._note(
                task.where,
                f"the app of the task `{task.shown}`",
                "several apps, or none that is known" if task.shared else "it cannot be followed",
            )
        if id(task) in self._rivals:
            # What is registered under the name may be the other task.
            return {**shown, "bind": False, "signature": None}
        for name in self._option_names(task, app):
            what = f"`{name}` of the task `{task.shown}`"
            value: Value | None = None
            try:
                value = task.option(name)
                if value is not None:
                    shown["options"][name] = plain(value)
            except NotPlain:
                assert value is not None
                shown["others"][name] = text_of(value)
            except Undecided as error:
                self._note(task.option_where(name), what, error)
        try:
            destination = destination_of(task)
            shown["queue"] = destination.queue
            if destination.where is not None:
                shown["routed_by"] = {
                    "pattern": destination.pattern,
                    **place(destination.where),
                }
        except Undecided as error:
            self._note(task.where, f"the queue of the task `{task.shown}`", error)
        return shown

    def _option_names(self, task: Task, app: App | None) -> list[str]:
        """The options that something gives: decorator, base classes, annotations, settings."""
        names = dict.fromkeys(task.options)
        try:
            names |= dict.fromkeys(inherited_options(self.project, task))
        except Undecided as error:
            self._note(task.where, f"options that `{task.shown}` inherits", error)
        if app is not None:
            for option, setting in CONFIG_BACKED.items():
                if app.configuration.writes(setting):
                    names[option] = None
            for written in app.configuration.writes("task_annotations"):
                for part in written.value.alternatives():
                    for entry in part.entries if isinstance(part, Mapping) else ():
                        if isinstance(entry.item, Mapping) and isinstance(entry.key, Const):
                            if entry.key.constant in ("*", task.name):
                                names |= {
                                    str(option.key.constant): None
                                    for option in entry.item.entries
                                    if isinstance(option.key, Const)
                                }
        return sorted(set(names) - NOT_OPTIONS)

    def _asked(self, where: Where, what: str, ask: Callable[[], Json]) -> Json:
        try:
            return ask()
        except (NotPlain, Undecided) as error:
            self._note(where, what, error)
            return None

    def _queue(self, where: Where, what: str, queue: Value) -> Json:
        return self._asked(where, what, lambda: queue_name(queue))

    # Beat

    def _schedule(self, app: App) -> Iterator[dict[str, Json]]:
        try:
            winner = app.configuration.setting("beat_schedule")
        except Undecided as error:
            self._note(app.where, f"the schedule of {_called(app)}", error)
            winner = None
        if winner is not None:
            value = winner.value
            if isinstance(value, Mapping):
                if value.open:
                    self._note(
                        winner.where, f"the schedule of {_called(app)}", "it may hold more entries"
                    )
                for entry in entries_in(self.project, value, app, winner.scope):
                    yield self._entry(entry, app)
            elif not (isinstance(value, Const) and not value.constant):
                self._note(winner.where, f"the schedule of {_called(app)}", value.describe())
        for entry in self.project.all(BeatEntry):
            if entry.in_test and not app.in_test:
                continue
            if entry.source == CALL and self._owner(entry) is app:
                doubt = self._why_not_added(entry, app)
                if doubt is None:
                    yield self._entry(entry, app)
                else:
                    self._note(entry.where, f"the entry `{entry.shown}`", doubt)

    def _rows(self) -> Iterator[dict[str, Json]]:
        """Entries of no app: rows of django-celery-beat, settings that no app is seen to read."""
        alone = not self.project.all(App)
        for entry in self.project.all(BeatEntry):
            if entry.in_test:
                continue
            if entry.source == ROW or (entry.source == SETTING and alone):
                yield self._entry(entry, None)

    def _owner(self, entry: BeatEntry) -> App | None:
        return entry.app or default_app(self.project)

    def _why_not_added(self, entry: BeatEntry, app: App) -> str | None:
        """Why it is not certain that a call of `add_periodic_task` runs in time."""
        if any(entry.blocks_around()):
            return "it is added under a condition or in a loop"
        if entry.scope == 0:
            return None
        signals = [
            handler.signal
            for handler in self.project.all(SignalHandler)
            if handler.function.module is entry.module and handler.function.scope == entry.scope
        ]
        if not signals:
            return "it is not known whether the function that adds it is called"
        if "on_after_finalize" in signals or (
            entry.module.path in imported_with(self.project, app.module)
        ):
            return None
        return f"a worker may import it after `{signals[0]}` was sent"

    def _entry(self, entry: BeatEntry, app: App | None) -> dict[str, Json]:
        what = f"the schedule of the entry `{entry.shown}`"
        try:
            schedule = schedule_of(entry)
        except (NotPlain, Undecided) as error:
            self._note(entry.where, what, error)
            schedule = {"kind": "unknown"}
        shown: dict[str, Json] = {
            "app": None if app is None else app.main,
            "key": self._key_of(entry),
            "task": entry.task_name,
            "schedule": schedule,
        }
        if shown["task"] is None:
            self._note(entry.where, f"the task of the entry `{entry.shown}`", "it is not known")
        for field in ("args", "kwargs", "options"):
            shown[field] = self._field(entry, field)
        return {**shown, **place(entry.where), "source": entry.source}

    def _field(self, entry: BeatEntry, field: str) -> Json:
        def ask() -> Json:
            value = entry.field(field)
            return None if value is None else plain(value)

        return self._asked(entry.where, f"`{field}` of the entry `{entry.shown}`", ask)

    def _key_of(self, entry: BeatEntry) -> str:
        if entry.key is not None:
            return entry.key
        # `Celery._sig_to_periodic_task_entry`: the signature's own text.
        if (
            entry.source == CALL
            and entry.task_name is not None
            and entry.entry.entry("name") is None
        ):
            try:
                args = entry.args.value if entry.args is not None else ()
                kwargs = entry.kwargs.value if entry.kwargs is not None else {}
                given = [repr(a) for a in args] + [f"{k}={v!r}" for k, v in kwargs.items()]
                return f"{entry.task_name}({', '.join(given)})"
            except Undecided as error:
                self._note(entry.where, f"the key of the entry `{entry.shown}`", error)
                return ""
        self._note(entry.where, f"the key of the entry `{entry.shown}`", "it is not known")
        return ""

    # Routes

    def _routes(self, app: App) -> Iterator[dict[str, Json]]:
        what = f"the routes of {_called(app)}"
        try:
            value = app.configuration.get("task_routes")
        except Undecided as error:
            self._note(app.where, what, error)
            return
        if value is None:
            return
        if len(value.alternatives()) > 1:
            self._note(value.where, what, value.describe())
            return
        for router in value.items if isinstance(value, Items) else [value]:
            if not isinstance(router, (Mapping, Items, Const)):
                self._note(router.where, what, "a router function decides")
            elif isinstance(router, (Mapping, Items)) and router.open:
                self._note(router.where, what, "there may be more of them")
        for key, options in pairs_of(value):
            if isinstance(key, Const) and isinstance(key.constant, str):
                yield self._route(app, key.constant, key.where, options)
            else:
                self._note(key.where, what, key.describe())

    def _route(self, app: App, pattern: str, where: Where, options: Value) -> dict[str, Json]:
        shown: dict[str, Json] = {
            "app": app.main,
            "pattern": pattern,
            "queue": None,
            "options": {},
            **place(where),
        }
        what = f"the route `{pattern}`"
        if not isinstance(options, Mapping):
            shown["queue"] = self._queue(where, what, options)
            return shown
        if options.open:
            self._note(where, what, "there may be more options")
        for entry in options.entries:
            key = entry.key.constant if isinstance(entry.key, Const) else None
            if key == "queue":
                shown["queue"] = self._queue(where, what, entry.item)
            elif isinstance(key, str):
                try:
                    shown["options"][key] = plain(entry.item)
                except (NotPlain, Undecided) as error:
                    self._note(entry.where, f"`{key}` of {what}", error)
        return shown

    def _queues(self, app: App) -> Iterator[dict[str, Json]]:
        what = f"the queues of {_called(app)}"
        try:
            value = app.configuration.get("task_queues")
        except Undecided as error:
            self._note(app.where, what, error)
            return
        for option in value.alternatives() if value is not None else ():
            if not isinstance(option, (Mapping, Items, Const)) or getattr(option, "open", False):
                self._note(option.where, what, option.describe())
            for made in queues_in(option):
                name = self._queue(made.where, what, made)
                yield {"app": app.main, "name": name, **place(made.where)}

    # Commands

    def _command(self, command: Command) -> dict[str, Json]:
        app = command.app
        what = f"the {command.kind} command"
        if app is None:
            self._note(command.where, f"the app of {what}", "it cannot be followed")
        if command.open:
            self._note(command.where, what, "some of its words are not known")
        options: dict[str, Json] = {}
        for name, word in command.options.items():
            if name in SECRET_OPTIONS:
                continue
            options[name] = word.text if word.known else None
            if not word.known:
                default = "" if word.default is None else f", by default `{word.default}`"
                self._note(command.where, f"`--{name}` of {what}", f"`{word.text}`{default}")
        return {
            "kind": command.kind,
            "app": None if app is None else app.main,
            **place(command.where),
            "options": options,
            "queues": self._asked(command.where, f"the queues of {what}", lambda: _queues(command)),
        }

    def _consumers(self, shown: dict[str, Json]) -> list[dict[str, Json]]:
        """Each queue that the project speaks of, with the worker commands that name it.

        `consumed` is False only where every worker command is known and names its queues."""
        workers = [command for command in self.project.all(Command) if command.is_worker]
        named: dict[str, list[dict[str, Json]]] = {}
        complete = bool(workers)
        for command in workers:
            try:
                queues = command.queues
                complete = complete and queues is not None and command.app is not None
            except Undecided:
                queues, complete = None, False
            for queue in queues or ():
                named.setdefault(queue, []).append(place(command.where))
        known = {one["name"] for one in shown["queues"]}
        known |= {one["queue"] for one in (*shown["tasks"], *shown["routes"])}
        return [
            {
                "queue": queue,
                "commands": named.get(queue, []),
                "consumed": True if queue in named else False if complete else None,
            }
            for queue in sorted({*named, *known} - {None})
        ]


# What a value is


def plain(value: Value) -> Json:
    """A value as JSON has it, tuples as lists.  Raises Undecided, and NotPlain for what is known
    and has no such form: sets, bytes, timedeltas, queues."""
    if isinstance(value, Items):
        if value.open:
            raise Undecided(f"a {value.kind} with parts that are not known")
        if value.kind not in ("list", "tuple"):
            raise NotPlain(f"{NO_JSON}{value.kind}")
        return [plain(item) for item in value.items]
    if isinstance(value, Mapping):
        if value.open:
            raise Undecided("a dict with keys that are not known")
        found: dict[str, Json] = {}
        for entry in value.entries:
            key = entry.key.value
            if not isinstance(key, str):
                raise NotPlain(f"{NO_JSON}keys but texts")
            found[key] = plain(entry.item)
        return found
    if isinstance(value, Made) and not any(unknown_parts(value)):
        raise NotPlain(f"{NO_JSON}form for what `{_name_of(value)}` gives")
    if isinstance(value, Ref):
        raise NotPlain(f"{NO_JSON}form for {value.describe()}")
    constant = value.value
    if isinstance(constant, bytes) or (isinstance(constant, float) and not math.isfinite(constant)):
        raise NotPlain(f"{NO_JSON}form for {constant!r}")
    return constant


def unknown_parts(value: Value) -> Iterator[Value]:
    """The parts of a value that are not known."""
    if isinstance(value, Made):
        if value.starred:
            yield value
        for part in (*value.args, *value.kwargs.values()):
            yield from unknown_parts(part)
    elif isinstance(value, (Text, Typed, OneOf, Unknown)):
        yield value
    elif isinstance(value, Items):
        if value.open:
            yield value
        for part in value.items:
            yield from unknown_parts(part)
    elif isinstance(value, Mapping):
        if value.open:
            yield value
        for entry in value.entries:
            yield from unknown_parts(entry.key)
            yield from unknown_parts(entry.item)


def text_of(value: Value) -> str:
    """A value as people read it: Python, with `...` for what is not known."""
    if isinstance(value, Const):
        return repr(value.constant)
    if isinstance(value, Items):
        parts = [text_of(item) for item in value.items] + ["..."] * value.open
        if value.kind == "tuple":
            return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
        return f"[{', '.join(parts)}]" if value.kind == "list" else f"{{{', '.join(parts)}}}"
    if isinstance(value, Mapping):
        parts = [f"{text_of(e.key)}: {text_of(e.item)}" for e in value.entries]
        return f"{{{', '.join(parts + ['...'] * value.open)}}}"
    if isinstance(value, Made):
        parts = [text_of(part) for part in value.args]
        parts += [f"{name}={text_of(part)}" for name, part in value.kwargs.items()]
        name = _name_of(value)
        if name.startswith("operator.") and len(parts) == 2:
            return f"{parts[0]} {name.removeprefix('operator.')} {parts[1]}"
        return f"{name.rpartition('.')[2]}({', '.join(parts + ['...'] * value.starred)})"
    if isinstance(value, OneOf):
        return " or ".join(text_of(option) for option in value.options)
    if isinstance(value, Text):
        return f"{value.head!r}...{value.tail!r}" if value.tail else f"{value.head!r}..."
    if isinstance(value, Typed) and value.default is not None:
        return f"{value.describe()}, by default {text_of(value.default)}"
    if isinstance(value, Ref) and isinstance(value.target, External):
        return value.target.name.removeprefix("builtins.")
    if isinstance(value, Ref) and isinstance(value.target, Definition):
        return value.target.facts.name
    return f"... ({value.describe()})"


def _name_of(made: Made) -> str:
    return made.callee if isinstance(made.callee, str) else made.callee.qualified_name


def schedule_of(entry: BeatEntry) -> dict[str, Json]:
    """An entry's schedule as plain data.  Raises Undecided."""
    value = entry.schedule
    if value is None:
        raise Undecided("it has no schedule")
    if isinstance(value, Made) and value.callee == SOLAR:
        return {"kind": "solar"}
    crontab = entry.crontab
    if crontab is not None:
        return {
            "kind": "crontab",
            **{field: sorted(numbers) for field, numbers in crontab._asdict().items()},
        }
    seconds = entry.interval
    if seconds is None:
        raise Undecided(value.describe())
    return {"kind": "interval", "seconds": seconds}


def signature_text(project: Project, task: Task) -> str:
    """The parameters that callers fill, as Python writes them, without annotations."""
    parts: list[str] = []
    parameters = task.own_signature.parameters
    for place, parameter in enumerate(parameters):
        if parameter.kind == "keyword" and not any(
            p.kind in ("*", "keyword") for p in parameters[:place]
        ):
            parts.append("*")
        stars = parameter.kind if parameter.kind in ("*", "**") else ""
        parts.append(f"{stars}{parameter.name}{_default_text(project, task, parameter)}")
        following = parameters[place + 1 : place + 2]
        if parameter.kind == "positional" and not (following and following[0].kind == "positional"):
            parts.append("/")
    return f"({', '.join(parts)})"


def _default_text(project: Project, task: Task, parameter: Parameter) -> str:
    default: Expr | None = parameter.default
    if default is None:
        return ""
    function = task.function
    value = project.values.evaluate(default, function.module, function.facts.parent)
    return f"={text_of(value)}" if not any(unknown_parts(value)) else "=..."


# Small helpers


def _queues(command: Command) -> Json:
    """The queues that a worker command names; None where it names none."""
    if not command.is_worker or command.queues is None:
        return None
    return list(command.queues)


def place(where: Where) -> dict[str, Json]:
    """The path and the row of a place."""
    return {"path": where.module.path, "row": where.span[0]}


def _source(setting: Setting) -> dict[str, Json]:
    """Where a setting is written, and in which layer of the configuration."""
    key = setting.key
    if setting.layer == CONSTRUCTOR and key in SETTING_PARAMETERS:
        key = f"{key}="
    return {**place(setting.where), "key": key, "layer": setting.layer, "source": setting.source}


def _timezone(configuration: Configuration) -> str | None:
    """The name of the zone that schedules are meant in, as `Celery.timezone` finds it."""
    try:
        for name in ("timezone", "TIME_ZONE"):
            value = configuration.get(name)
            if value is not None and value.value:
                return str(value.value)
        enabled = configuration.get("enable_utc")
        return "UTC" if enabled is None or enabled.value else None
    except Undecided:
        return None


def _called(app: App) -> str:
    return f"the app `{app.main}`" if app.main is not None else f"the app at {app.where.shown}"


def _maker_of(task: Task) -> str:
    if task.class_based:
        return "class"
    return "decorator" if task.decorator is not None else "call"


def _why_unnamed(task: Task) -> str:
    given = task.options.get("name")
    if given is not None and not given.known:
        return given.describe()
    if task.replaced:
        return "a wrapper gives Celery another function"
    if any(not generates_plain_names(app) for app in task.apps):
        return "its app has a `gen_task_name` of its own"
    return "it is not known how it is made"


def inherited_options(project: Project, task: Task) -> Iterator[str]:
    """The options that the project's own base classes of a task give.  Raises Undecided."""
    for start in task.bases:
        for cls in class_chain(project, start):
            if isinstance(cls, Definition):
                for name in cls.module.names(cls.scope):
                    if name in TASK_OPTIONS - HOOKS:
                        yield name
