"""The keyword arguments with which Celery calls the receivers of its signals.

`Signal(providing_args=...)` is documentation only and partly out of date; this is what the calls
of `send` in Celery 5.7 pass. Every receiver also gets `signal` and `sender`.
"""

#: Given to every receiver: `celery/utils/dispatch/signal.py`.
COMMON_ARGUMENTS = frozenset({"sender", "signal"})

_LOGGER_ARGUMENTS = frozenset({"colorize", "format", "logfile", "loglevel", "logger"})
_NONE: frozenset[str] = frozenset()

#: Signal of `celery.signals` -> its keyword arguments besides the common ones. An argument counts
#: if any place that sends the signal passes it.
SIGNALS: dict[str, frozenset[str]] = {
    "after_setup_logger": _LOGGER_ARGUMENTS,
    "after_setup_task_logger": _LOGGER_ARGUMENTS,
    "after_task_publish": frozenset({"body", "exchange", "headers", "routing_key"}),
    "beat_embedded_init": _NONE,
    "beat_init": _NONE,
    "before_task_publish": frozenset(
        {"body", "declare", "exchange", "headers", "properties", "retry_policy", "routing_key"}
    ),
    "celeryd_after_setup": frozenset({"conf", "instance"}),
    "celeryd_init": frozenset({"conf", "instance", "options"}),
    "eventlet_pool_apply": frozenset({"args", "kwargs", "target"}),
    "eventlet_pool_postshutdown": _NONE,
    "eventlet_pool_preshutdown": _NONE,
    "eventlet_pool_started": _NONE,
    "heartbeat_sent": _NONE,
    "import_modules": _NONE,
    "setup_logging": _LOGGER_ARGUMENTS - {"logger"},
    "task_failure": frozenset({"args", "einfo", "exception", "kwargs", "task_id", "traceback"}),
    "task_internal_error": frozenset(
        {"args", "einfo", "exception", "kwargs", "request", "task_id", "traceback"}
    ),
    "task_postrun": frozenset({"args", "kwargs", "retval", "state", "task", "task_id"}),
    "task_prerun": frozenset({"args", "kwargs", "task", "task_id"}),
    "task_received": frozenset({"request"}),
    "task_rejected": frozenset({"exc", "message"}),
    "task_retry": frozenset({"einfo", "reason", "request"}),
    "task_revoked": frozenset({"expired", "request", "signum", "terminated"}),
    "task_sent": frozenset({"args", "eta", "kwargs", "task", "task_id", "taskset"}),
    "task_success": frozenset({"result", "runtime"}),
    "task_unknown": frozenset({"exc", "id", "message", "name"}),
    "user_preload_options": frozenset({"app", "options"}),
    "worker_before_create_process": _NONE,
    "worker_init": _NONE,
    "worker_process_init": _NONE,
    "worker_process_shutdown": frozenset({"exitcode", "pid"}),
    "worker_ready": _NONE,
    "worker_shutdown": _NONE,
    "worker_shutting_down": frozenset({"exitcode", "how", "sig"}),
}

#: Signals of an app, `app.on_after_configure` and so on. `celery/app/base.py`.
APP_SIGNALS: dict[str, frozenset[str]] = {
    "on_after_configure": frozenset({"source"}),
    "on_after_finalize": _NONE,
    "on_after_fork": _NONE,
    "on_configure": _NONE,
}

#: Arguments that are not passed by every place that sends the signal: a receiver that requires
#: one fails at the others. `celery/worker/request.py` sends `task_retry` without `reason` when a
#: lost connection cancels a task.
SOMETIMES_ABSENT: dict[str, frozenset[str]] = {"task_retry": frozenset({"reason"})}
