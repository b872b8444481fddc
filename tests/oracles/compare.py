"""Compares what `inspect` says of a project with what running Celery says.

A fact is one thing that Celery has: a setting the project sets, a task's name, signature, binding,
option or queue, an entry of the schedule and its parts, a route.  `inspect` may have it right, may
have it wrong, or may say that it is undecided; that needs a reason.
"""

from __future__ import annotations

from typing import Any, NamedTuple

RIGHT = "right"
WRONG = "wrong"
OPEN = "undecided"


class Fact(NamedTuple):
    """One fact, and how `inspect` did: `detail` shows both sides, or the reason."""

    what: str
    verdict: str
    detail: str


def compare(shown: dict[str, Any], truth: dict[str, Any]) -> list[Fact]:
    """All facts of one project."""
    facts: list[Fact] = []
    by_name = {app["name"]: app for app in shown["apps"]}
    real_names = {app["name"] for app in truth["apps"]}
    nameless = [app for app in shown["apps"] if app["name"] not in real_names]
    for app in truth["apps"]:
        mine = by_name.get(app["name"])
        if mine is None and len(nameless) == 1 and nameless[0]["name"] is None:
            # A name that is computed.
            mine = nameless[0]
        if mine is None:
            facts.append(Fact(f"app {app['name']}", WRONG, "not found"))
            continue
        facts.append(_same(f"namespace {app['name']}", mine["namespace"], app["namespace"]))
        facts += _config(mine, app)
        facts += _schedule(shown, app)
        facts += _routes(shown, mine, app)
    facts += _tasks(shown, truth)
    return facts


def _same(what: str, mine: Any, real: Any) -> Fact:
    if mine == real and type(mine) is type(real):
        return Fact(what, RIGHT, "")
    return Fact(what, WRONG, f"inspect has {mine!r}, Celery has {real!r}")


def _has_no_json(value: Any) -> bool:
    if isinstance(value, dict):
        return "not plain" in value or any(_has_no_json(item) for item in value.values())
    return isinstance(value, list) and any(_has_no_json(item) for item in value)


def _config(mine: dict[str, Any], app: dict[str, Any]) -> list[Fact]:
    facts = []
    for key, value in mine["config"].items():
        if value["known"] and key in app["every"]:
            facts.append(_same(f"setting {app['name']} {key}", value["value"], app["every"][key]))
    for key, real in app["config"].items():
        what = f"setting {app['name']} {key}"
        value = mine["config"].get(key)
        if _has_no_json(real) or key == "beat_schedule":
            continue
        if value is None and mine["closed"]:
            facts.append(Fact(what, WRONG, f"inspect has nothing, Celery has {real!r}"))
        elif value is None:
            facts.append(Fact(what, OPEN, "there may be more settings"))
        elif not value["known"]:
            facts.append(Fact(what, OPEN, value["why"]))
    return facts


def _schedule(shown: dict[str, Any], app: dict[str, Any]) -> list[Fact]:
    facts = []
    mine = {
        entry["key"]: entry
        for entry in shown["schedule"]
        if entry["app"] in (app["name"], None) and entry["source"] != "row"
    }
    for key in mine.keys() - app["schedule"].keys() - {""}:
        facts.append(Fact(f"entry {key}", WRONG, "Celery does not have it"))
    for key, real in app["schedule"].items():
        what = f"entry {key}"
        entry = mine.get(key)
        if entry is None:
            facts.append(Fact(what, *_reason(shown, what, "entry", "schedule of the app")))
            continue
        facts.append(Fact(what, RIGHT, ""))
        for part in ("task", "schedule", "args", "kwargs", "options"):
            value, expected = entry[part], real[part]
            if part in ("args", "kwargs", "options"):
                empty: Any = [] if part == "args" else {}
                if _has_no_json(expected):
                    expected = None
                value, expected = value or empty, expected or empty
            if value == expected:
                facts.append(Fact(f"{what} {part}", RIGHT, ""))
            elif entry[part] is None or entry[part] == {"kind": "unknown"}:
                facts.append(Fact(f"{what} {part}", *_reason(shown, what, f"entry `{key}`")))
            else:
                facts.append(_same(f"{what} {part}", value, expected))
    return facts


def _reason(shown: dict[str, Any], what: str, *words: str) -> tuple[str, str]:
    for one in shown["undecided"]:
        if any(word in one["what"] for word in words):
            return OPEN, f"{one['what']}: {one['why']}"
    return WRONG, f"inspect has nothing and gives no reason for {what}"


def _pairs(routes: Any) -> list[tuple[str, Any, dict[str, Any]]] | None:
    """The routes of a `task_routes` in order: pattern, queue, other options."""
    found: list[tuple[str, Any, dict[str, Any]]] = []
    for router in routes if isinstance(routes, list) else [routes]:
        if not isinstance(router, (dict, list)) or _has_no_json(router):
            return None
        for pattern, options in router.items() if isinstance(router, dict) else router:
            if isinstance(options, dict):
                others = {key: value for key, value in options.items() if key != "queue"}
                found.append((pattern, options.get("queue"), others))
            else:
                found.append((pattern, options, {}))
    return found


def _routes(shown: dict[str, Any], mine: dict[str, Any], app: dict[str, Any]) -> list[Fact]:
    real = _pairs(app["every"]["task_routes"]) if app["every"]["task_routes"] else []
    if real is None or not mine["config"].get("task_routes", {"known": True})["known"]:
        return []
    own = [
        (route["pattern"], route["queue"], route["options"])
        for route in shown["routes"]
        if route["app"] == mine["name"]
    ]
    return [
        _same(f"route {pattern}", own[place] if place < len(own) else None, one)
        for place, one in enumerate(real)
        for pattern in [one[0]]
    ]


def _tasks(shown: dict[str, Any], truth: dict[str, Any]) -> list[Fact]:
    facts = []
    real_apps = {app["name"]: app for app in truth["apps"]}
    everywhere = {name: task for app in truth["apps"] for name, task in app["tasks"].items()}
    found = {task["name"]: task for task in shown["tasks"] if task["name"] is not None}
    for name in found.keys() - everywhere.keys():
        facts.append(Fact(f"task {name}", WRONG, "Celery does not have it"))
    for name, anywhere in everywhere.items():
        what = f"task {name}"
        task = found.get(name)
        if task is None:
            facts.append(Fact(what, *_reason(shown, what, "the name of the task")))
            continue
        facts.append(Fact(what, RIGHT, ""))
        owner = real_apps.get(task["app"])
        if owner is None and len(real_apps) == 1 and len(shown["apps"]) != 1:
            facts.append(Fact(f"{what} app", *_reason(shown, what, "the app of the task")))
        real = owner["tasks"].get(name, anywhere) if owner else anywhere
        facts += _one_task(shown, task, real, truth["baseline"], what)
    return facts


def _one_task(
    shown: dict[str, Any],
    task: dict[str, Any],
    real: dict[str, Any],
    baseline: dict[str, Any],
    what: str,
) -> list[Fact]:
    function = task["function"]
    facts = []
    if task["made_by"] == "decorator" and real["function"] == function:
        facts.append(_same(f"{what} row", task["row"], real["row"]))
    rival = f"which task is `{task['name']}`"
    if any(one["what"] == rival for one in shown["undecided"]):
        return [Fact(f"{what} function", OPEN, rival)]
    facts.append(_same(f"{what} bind", task["bind"], real["bind"]))
    if task["signature"] is None:
        facts.append(
            Fact(f"{what} signature", *_reason(shown, what, f"the signature of `{function}`"))
        )
    else:
        facts.append(_signature(f"{what} signature", task["signature"], real["signatures"]))
    if isinstance(real["queue"], str):
        if task["queue"] is None:
            facts.append(
                Fact(f"{what} queue", *_reason(shown, what, f"the queue of the task `{function}`"))
            )
        else:
            facts.append(_same(f"{what} queue", task["queue"], real["queue"]))
    elif task["queue"] is not None:
        facts.append(_same(f"{what} queue", task["queue"], real["queue"]))
    for option, value in real["options"].items():
        if option in task["options"]:
            facts.append(_same(f"{what} {option}", task["options"][option], value))
        elif value != baseline["options"][option] and not _has_no_json(value):
            facts.append(
                Fact(
                    f"{what} {option}",
                    *_reason(
                        shown,
                        f"{what} {option}",
                        f"`{option}` of the task `{function}`",
                        f"options that `{function}` inherits",
                        "the configuration of the app",
                    ),
                )
            )
    return facts


def _signature(what: str, mine: str, real: list[list[list[Any]]]) -> Fact:
    """The parameters of the function, or those of what `functools.wraps` says it wraps: a call
    must fit the latter."""
    texts = [_signature_text(parameters) for parameters in real]
    if mine in texts:
        return Fact(what, RIGHT, "")
    if "=..." in mine:
        names = [part.partition("=")[0] for part in mine.strip("()").split(", ")]
        for text in texts:
            if names == [part.partition("=")[0] for part in text.strip("()").split(", ")]:
                return Fact(what, RIGHT, "")
    return Fact(what, WRONG, f"inspect has {mine}, Celery has {texts[0]}")


def _signature_text(parameters: list[list[Any]]) -> str:
    parts: list[str] = []
    starred = False
    for place, (name, kind, default) in enumerate(parameters):
        if kind == "KEYWORD_ONLY" and not starred:
            parts.append("*")
            starred = True
        starred = starred or kind == "VAR_POSITIONAL"
        stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(kind, "")
        parts.append(f"{stars}{name}" + ("" if default is None else f"={default}"))
        last = parameters[place + 1 : place + 2]
        if kind == "POSITIONAL_ONLY" and not (last and last[0][1] == kind):
            parts.append("/")
    return f"({', '.join(parts)})"
