"""`flake8-celery inspect [PATH]`: what was resolved of a project, and what was not and why."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

from .. import config, run
from ..cache import Cache, NoCache
from ..celery.crontab import Crontab, describe, next_runs_in
from ..facts import Module
from ..files import find_root
from ..inspection import NO_JSON, Inspection
from ..project import Project
from ..project.further import further_paths
from ..project.versions import CeleryRange, celery_range
from . import UsageError

Json = dict[str, Any]
RUNS_SHOWN = 3
LONGEST_VALUE = 80


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the subcommand and its flags."""
    parser.set_defaults(run=inspect)
    parser.add_argument("path", nargs="?", metavar="PATH", help="the project's folder [default: .]")
    parser.add_argument("--output-format", choices=("text", "json"), default="text")
    parser.add_argument("--config", metavar="PATH", help="a configuration file to use")
    parser.add_argument("--isolated", action="store_true", help="ignore configuration files")
    parser.add_argument(
        "-n", "--no-cache", action="store_true", help="neither read nor write facts"
    )


def inspect(arguments: argparse.Namespace) -> int:
    """Prints the picture; returns the exit code."""
    # Facts are many small objects that live to the end: collecting them only costs time.
    gc.disable()
    picture = picture_of(arguments)
    if arguments.output_format == "json":
        import json

        print(json.dumps(picture, indent=2))
    else:
        print("\n".join(lines(picture)))
    return 0


def picture_of(arguments: argparse.Namespace) -> Json:
    """The picture of the project in a folder; without a folder, of the one around."""
    root = find_root(".") if arguments.path is None else os.path.abspath(arguments.path)
    if not os.path.isdir(root):
        raise UsageError(f"`{arguments.path}` is not a folder")
    try:
        if arguments.config:
            settings = config.load(os.path.abspath(arguments.config))
        else:
            settings = config.NO_CONFIG if arguments.isolated else config.find(root)
    except config.ConfigError as error:
        raise UsageError(str(error)) from None
    request = run.request_for(root, settings)._replace(processes=os.cpu_count() or 1)
    if arguments.no_cache or os.environ.get("FLAKE8_CELERY_NO_CACHE"):
        request = request._replace(cache_dir=None)
    cache = Cache.open(request.cache_dir, request.root) if request.cache_dir else NoCache()
    if request.celery is not None:
        where = _written(settings.place_of("target-celery"), root)
        found = CeleryRange(request.celery, where)
    else:
        found = celery_range(root, cache)
    picture = Inspection(project_of(request._replace(celery=found.span), cache)).picture()
    return {"celery": _celery(found), **picture}


def _written(place: str, root: str) -> tuple[tuple[str, int], ...]:
    path, _, row = place.rpartition(":")
    return ((run.relative(path, root), int(row)),) if row.isdigit() else ()


def _celery(found: CeleryRange) -> Json:
    lowest, highest = (end and f"{end[0]}.{end[1]}" for end in found.span)
    path, row = found.places[0] if found.places else (None, None)
    return {"lowest": lowest, "highest": highest, "path": path, "row": row}


def project_of(request: run.Request, cache: NoCache) -> Project:
    """The project, with the files that speak of Celery through its own names alone."""
    warn = partial(print, "warning:", file=sys.stderr)
    discovered = run.discover(request, cache.verdicts, warn)
    collected = run.collect(request, cache, run.look(request, cache, discovered))
    cache.save()

    def made_of(facts: dict[str, Module]) -> Project:
        return Project(
            facts,
            collected.python_files,
            collected.load,
            collected.read,
            celery=request.celery,
            options=request.options,
            deployment_files=collected.deployment,
        )

    project = made_of(collected.facts)
    left = [path for path in collected.python_files if path not in collected.facts]
    further = further_paths(project, left, collected.read)
    loaded = {path: module for path in further if (module := collected.load(path)) is not None}
    return made_of({**collected.facts, **loaded}) if loaded else project


# The tree


def lines(picture: Json) -> Iterator[str]:
    """The picture as a tree for people: without tests and examples, if there is more."""
    production = {kind: [o for o in picture[kind] if not o["test"]] for kind in ("apps", "tasks")}
    if any(production.values()):
        picture = picture | production
    if not picture["apps"] and not picture["tasks"]:
        yield "Nothing of Celery was found here."
    else:
        yield _celery_line(picture["celery"])
        yield ""
    for app in picture["apps"]:
        yield f"App {app['name'] or '(no name)'}  {_at(app)}"
        yield from _indented(_app_lines(app, picture))
        yield ""
    tasks = picture["tasks"]
    if tasks:
        yield f"Tasks ({len(tasks)})"
        yield from _indented(_task_lines(tasks))
        yield ""
    rows = [entry for entry in picture["schedule"] if entry["source"] == "row"]
    if rows:
        yield f"Rows of django-celery-beat ({len(rows)})"
        yield from _indented(line for entry in rows for line in _entry_lines(entry, None))
        yield ""
    if picture["commands"]:
        yield f"Commands ({len(picture['commands'])})"
        yield from _indented(_command_line(one) for one in picture["commands"])
        yield ""
        if picture["consumers"]:
            yield "Queues and their consumers"
            yield from _indented(_consumer_line(one) for one in picture["consumers"])
            yield ""
    undecided = [one for one in picture["undecided"] if not one["why"].startswith(NO_JSON)]
    if undecided:
        yield f"Undecided ({len(undecided)})"
        for one in undecided:
            yield f"  {_at(one)}  {one['what']}: {one['why']}"


def _celery_line(celery: Json) -> str:
    lowest, highest = celery["lowest"], celery["highest"]
    span = lowest if lowest == highest else f"{lowest} to {highest or 'the newest'}"
    source = _at(celery) if celery["path"] else "(no file of the project says which)"
    return f"Celery {span}  {source}"


def _command_line(command: Json) -> str:
    # A flower's options and a URL hold passwords: only what says how a worker runs is shown.
    given = [
        f"--{name}{f'={value}' if value else ''}" if value is not None else f"--{name}=(unknown)"
        for name, value in command["options"].items()
        if name in SHOWN_OPTIONS
    ]
    app = command["app"] or "(unknown app)"
    return "  ".join([f"{command['kind']} of {app}", *given, _at(command)])


def _consumer_line(consumer: Json) -> str:
    places = ", ".join(_at(one) for one in consumer["commands"])
    nobody = "nobody" if consumer["consumed"] is False else "not known"
    return f"{consumer['queue']}: {places or nobody}"


def _at(shown: Json) -> str:
    return f"{shown['path']}:{shown['row']}"


def _indented(inside: Iterator[str]) -> Iterator[str]:
    for line in inside:
        yield f"  {line}"


def _app_lines(app: Json, picture: Json) -> Iterator[str]:
    if app["namespace"]:
        yield f"namespace {app['namespace']}"
    if app["config"]:
        yield "configuration" + ("" if app["closed"] else " (there may be more)")
        for name, setting in app["config"].items():
            yield from _indented(_setting_lines(name, setting))
    for title, kind, show in (
        ("schedule", "schedule", _entry_lines),
        ("routes", "routes", _route_lines),
        ("queues", "queues", _queue_lines),
    ):
        own = [one for one in picture[kind] if one["app"] == app["name"] and not _is_row(one)]
        if own:
            yield f"{title} ({len(own)})"
            for one in own:
                yield from _indented(show(one, app))


def _is_row(shown: Json) -> bool:
    return bool(shown.get("source") == "row")


def _setting_lines(name: str, setting: Json) -> Iterator[str]:
    if "text" not in setting:
        yield f"{name}: undecided, {setting['why']}"
        for candidate in setting["candidates"]:
            yield f"  perhaps {candidate['key']}  {_at(candidate)}"
        return
    yield f"{name} = {_short(_without_password(setting['text']))}  {_source(setting)}"
    for loser in setting["shadowed"]:
        yield f"  shadows {_source(loser)}"


def _source(setting: Json) -> str:
    layer = {
        "constructor": "Celery(...)",
        "write": "app.conf",
        "defaults": "add_defaults",
        "object": setting["source"] or "config object",
    }[setting["layer"]]
    return f"{layer} {setting['key']}  {_at(setting)}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def _without_password(text: str) -> str:
    """A text with the passwords of the URLs in it hidden."""
    head, scheme, rest = text.partition("://")
    if not scheme:
        return text
    authority = rest.partition("/")[0]
    if "@" in authority and ":" in authority.rpartition("@")[0]:
        user = authority.partition(":")[0]
        rest = f"{user}:**@{rest.partition('@')[2]}"
    return head + scheme + _without_password(rest)


def _entry_lines(entry: Json, app: Json | None) -> Iterator[str]:
    yield f"{entry['key'] or '(no name)'}: {entry['task'] or '(unknown task)'}  {_at(entry)}"
    yield f"  {sentence(entry['schedule'])}"
    runs = _next_runs(entry["schedule"], app)
    if runs:
        yield f"  next: {', '.join(runs)}"


def sentence(schedule: Json) -> str:
    """When a schedule runs, in words."""
    if schedule["kind"] == "crontab":
        return describe(_crontab(schedule))
    if schedule["kind"] == "interval":
        return f"every {duration(schedule['seconds'])}, from the moment beat first sees it"
    return "by the sun" if schedule["kind"] == "solar" else "it is not known when"


def duration(seconds: float) -> str:
    """`90.0` as `1 minute 30 seconds`."""
    if seconds <= 0:
        return "tick of beat"
    parts = []
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count:g} {unit}{'s' * (count != 1)}")
    if seconds:
        parts.append(f"{seconds:g} second{'s' * (seconds != 1)}")
    return " ".join(parts)


def _crontab(schedule: Json) -> Crontab:
    return Crontab(*(frozenset(schedule[field]) for field in Crontab._fields))


def _next_runs(schedule: Json, app: Json | None) -> list[str]:
    from datetime import UTC, datetime, timedelta
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if schedule["kind"] == "crontab":
        name = (app or {}).get("timezone")
        if name is None:
            return []
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return []
        found = next_runs_in(_crontab(schedule), datetime.now(UTC).astimezone(zone), RUNS_SHOWN)
        return [f"{one:%a %Y-%m-%d %H:%M}" for one in found] + [f"({name})"] * bool(found)
    if schedule["kind"] == "interval" and 0 < schedule["seconds"] < timedelta.max.total_seconds():
        steps = [duration(schedule["seconds"] * n) for n in range(1, RUNS_SHOWN + 1)]
        return [*steps[:-1], f"{steps[-1]} after beat started"]
    return []


def _route_lines(route: Json, app: Json) -> Iterator[str]:
    others = ", ".join(f"{key}={value!r}" for key, value in route["options"].items())
    queue = route["queue"] or "(no queue)"
    yield f"{route['pattern']} -> {queue}{f' ({others})' if others else ''}  {_at(route)}"


def _queue_lines(queue: Json, app: Json) -> Iterator[str]:
    yield f"{queue['name'] or '(unknown)'}  {_at(queue)}"


# The options of a command that are shown.
SHOWN_OPTIONS = frozenset(
    """queues exclude-queues pool concurrency autoscale prefetch-multiplier time-limit
    soft-time-limit max-tasks-per-child beat scheduler hostname""".split()
)
# The options of a task that are shown, in this order.
LIMITS = ("soft_time_limit", "time_limit", "rate_limit", "max_retries", "acks_late")


def _task_lines(tasks: list[Json]) -> Iterator[str]:
    by_path: dict[str, list[Json]] = {}
    for task in tasks:
        by_path.setdefault(task["path"], []).append(task)
    for path, inside in by_path.items():
        yield path
        for task in inside:
            name = task["name"] or f"(name not known: {task['function']})"
            yield f"  {name}{task['signature'] or '(...)'}  row {task['row']}"
            limits = [f"{k}={task['options'][k]!r}" for k in LIMITS if k in task["options"]]
            queue = f"queue {task['queue']}" if task["queue"] else "queue not known"
            by = task["routed_by"]
            reason = f" by {by['pattern'] or 'its own option'} at {_at(by)}" if by else ""
            yield f"    {', '.join([queue + reason, *limits])}"
