"""What running Celery says of the oracle projects.

Run as `python truth.py FOLDER...`; prints one JSON object: for each folder what its apps have when
a worker has started, or the error that stopped them.  Each project is imported in a forked
process of its own.  `oracle.json` in a folder says how to start it:

    {"app": "shop.celery", "also": ["shop.tasks"], "path": ["src"], "env": {"X": "1"}}

`app` is the module a worker is given (or a list of them), `also` what is imported after the
worker's own modules, `path` the folders that imports start from, `env` the environment.
"""

from __future__ import annotations

import datetime
import inspect
import json
import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

import celery
import celery._state
import celery.schedules
import kombu
from celery.app import defaults

# Importing the projects leaves no files among them.
sys.dont_write_bytecode = True
OPTIONS = (
    "acks_late acks_on_failure_or_timeout autoretry_for default_retry_delay expires ignore_result "
    "max_retries priority queue rate_limit reject_on_worker_lost retry_backoff retry_backoff_max "
    "retry_jitter routing_key exchange serializer compression soft_time_limit time_limit "
    "store_errors_even_if_ignored throws track_started typing send_events trail"
).split()

LIMITS = ("soft_time_limit", "time_limit")


def plain(value: Any) -> Any:
    """A value as JSON has it; what has no such form becomes a marked text."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return {"not plain": repr(value)}


def worker_starts(modules: list[str], also: list[str]) -> None:
    """What `celery -A module worker` does before it consumes."""
    for name in modules:
        __import__(name)
    apps = list(celery._state._get_active_apps())
    for app in apps:
        # The command line reads the configuration before task modules are imported.
        app.conf.task_acks_late  # noqa: B018
    for app in apps:
        app.loader.import_default_modules()
    for name in also:
        __import__(name)
    for app in apps:
        app.finalize(auto=True)


def app_truth(app: Any) -> dict[str, Any]:
    config = {}
    for key in defaults.DEFAULTS:
        value = plain(app.conf[key])
        if value != plain(defaults.DEFAULTS[key]):
            config[key] = value
    every = {key: plain(app.conf[key]) for key in defaults.DEFAULTS}
    tasks = {
        name: task_truth(app, task)
        for name, task in app.tasks.items()
        if not name.startswith("celery.")
    }
    schedule = {
        str(key): entry_truth(entry) for key, entry in (app.conf.beat_schedule or {}).items()
    }
    return {
        "name": app.main,
        "namespace": app.namespace,
        "config": config,
        "every": every,
        "tasks": tasks,
        "schedule": schedule,
        "timezone": str(app.timezone),
    }


def task_truth(app: Any, task: Any) -> dict[str, Any]:
    run = type(task).__dict__.get("run") or task.run
    function = task.run
    # `autoretry_for` puts another function in the place of `run`.
    seen = getattr(task, "_orig_run", function)
    signatures = []
    for follow in (False, True):
        parameters = inspect.signature(seen, follow_wrapped=follow).parameters.values()
        signatures.append(
            [
                [p.name, p.kind.name, None if p.default is p.empty else repr(p.default)]
                for p in parameters
            ]
        )
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return {
        "row": code and code.co_firstlineno,
        "function": code and code.co_name,
        "bind": not isinstance(run, staticmethod),
        "signatures": signatures,
        "options": {name: plain(option_truth(app, task, name)) for name in OPTIONS},
        "queue": queue_truth(app, task),
    }


def option_truth(app: Any, task: Any, name: str) -> Any:
    value = getattr(task, name, None)
    if value is None and name in LIMITS:
        # Before 5.7 a task does not have the limits of the settings, but the worker's pool does
        # (`celery/worker/components.py`).
        return app.conf[f"task_{name}"]
    return value


def baseline() -> dict[str, Any]:
    """A task of an app that nothing configures."""
    app = celery.Celery("baseline", set_as_current=False, broker="memory://", fixups=[])

    def nothing() -> None:
        pass

    return task_truth(app, app.task(name="baseline", shared=False)(nothing))


def queue_truth(app: Any, task: Any) -> Any:
    """The queue of `task.apply_async()`, as `send_task` and `send_task_message` choose it."""
    options = dict(task._get_exec_options())
    try:
        routed = app.amqp.router.route(options, task.name, (), {}, task)
    except Exception as error:
        return {"error": repr(error)}
    queue = routed.get("queue")
    if queue is None and routed.get("exchange") is None:
        queue = app.amqp.default_queue
    return queue.name if isinstance(queue, kombu.Queue) else queue


def entry_truth(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "task": entry.get("task"),
        "schedule": schedule_truth(entry.get("schedule")),
        "args": plain(entry.get("args")),
        "kwargs": plain(entry.get("kwargs")),
        "options": plain(entry.get("options")),
    }


def schedule_truth(schedule: Any) -> Any:
    if isinstance(schedule, celery.schedules.crontab):
        fields = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year")
        return {"kind": "crontab"} | {f: sorted(getattr(schedule, f)) for f in fields}
    if isinstance(schedule, celery.schedules.solar):
        return {"kind": "solar"}
    if isinstance(schedule, datetime.timedelta):
        return {"kind": "interval", "seconds": schedule.total_seconds()}
    if isinstance(schedule, celery.schedules.schedule):
        return {"kind": "interval", "seconds": schedule.run_every.total_seconds()}
    if isinstance(schedule, (int, float)):
        return {"kind": "interval", "seconds": float(schedule)}
    return {"kind": "unknown"}


def project_truth(folder: Path) -> dict[str, Any]:
    """Starts one project in this process."""
    oracle = json.loads((folder / "oracle.json").read_text())
    for variable in [name for name in os.environ if "CELERY" in name or "DJANGO" in name]:
        del os.environ[variable]
    os.environ.update(oracle.get("env", {}))
    sys.path[:0] = [str(folder / path) for path in oracle.get("path", ["."])]
    os.chdir(folder)
    warnings.simplefilter("ignore")
    modules = oracle["app"] if isinstance(oracle["app"], list) else [oracle["app"]]
    created: list[Any] = []
    original = celery.Celery.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        created.append(self)
        original(self, *args, **kwargs)

    celery.Celery.__init__ = init
    try:
        worker_starts(modules, oracle.get("also", []))
        apps = [app for app in created if app.main != "default"]
        return {"apps": [app_truth(app) for app in apps], "baseline": baseline()}
    except Exception as error:
        last = traceback.format_exc().splitlines()[-12:]
        return {"error": f"{type(error).__name__}: {error}", "traceback": last}


def forked(folder: Path) -> dict[str, Any]:
    """The truth of a project, from a process that ends with it."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        with os.fdopen(writer, "w") as stream:
            # What a project prints is none of our answer.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            json.dump(project_truth(folder), stream)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        text = stream.read()
    os.waitpid(child, 0)
    found: dict[str, Any] = json.loads(text) if text else {"error": "the process died"}
    return found


if __name__ == "__main__":
    # Imported once, before the forks; no project's code has run yet.
    for name in ("django.conf", "django.apps", "flask", "celery.app.amqp", "celery.fixups.django"):
        try:
            __import__(name)
        except ImportError:
            continue
    json.dump({path: forked(Path(path).resolve()) for path in sys.argv[1:]}, sys.stdout)
