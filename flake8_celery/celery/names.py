"""One canonical dotted name for each public object, whatever module it is imported from."""

#: Canonical module -> other module -> the names that are the same objects there.
_PUBLIC_BY_HOME = {
    "celery": {
        "celery._state": "current_app current_task",
        "celery.app": "Celery shared_task",
        "celery.app.base": "Celery",
        "celery.app.task": "Task",
        "celery.canvas": (
            "Signature chain chord chunks group maybe_signature signature xmap xstarmap"
        ),
        "celery.contrib.abortable": "Task",
        "celery.utils": "uuid",
        "kombu": "uuid",
        "kombu.utils.uuid": "uuid",
    },
    "celery.exceptions": {
        "billiard.exceptions": (
            "SoftTimeLimitExceeded Terminated TimeLimitExceeded WorkerLostError"
        ),
        "celery.app.task": "Ignore MaxRetriesExceededError OperationalError Reject Retry",
        "kombu.exceptions": "OperationalError",
    },
    "celery.result": {
        "celery.app.task": "EagerResult",
        "celery.canvas": "EagerResult GroupResult",
    },
    "celery.schedules": {
        "celery.beat": "crontab maybe_schedule",
    },
    "kombu": {
        "kombu.connection": "Connection",
        "kombu.entity": "Exchange Queue binding",
        "kombu.message": "Message",
        "kombu.messaging": "Consumer Exchange Producer Queue",
        "kombu.pools": "connections producers",
        "kombu.serialization": "disable_insecure_serializers enable_insecure_serializers",
    },
}

#: The same object under another name.
_RENAMED = {
    "celery.app.base.App": "celery.Celery",
    "celery.app.task.BaseTask": "celery.Task",
    "celery.canvas._chord": "celery.chord",
    "celery.canvas.maybe_subtask": "celery.maybe_signature",
    "celery.canvas.subtask": "celery.signature",
    "celery.subtask": "celery.signature",
    "celery.utils.gen_unique_id": "celery.uuid",
    "kombu.BrokerConnection": "kombu.Connection",
    "kombu.connection.BrokerConnection": "kombu.Connection",
}

#: Another path -> the canonical one.
ALIASES: dict[str, str] = {
    f"{module}.{name}": f"{home}.{name}"
    for home, modules in _PUBLIC_BY_HOME.items()
    for module, names in modules.items()
    for name in names.split()
} | _RENAMED


def canonical_name(dotted: str) -> str:
    """The name by which the rules know an object: `celery.app.base.Celery` -> `celery.Celery`.

    A name that is not known comes back unchanged. The attributes of a known class go with it:
    `celery.app.base.Celery.task` -> `celery.Celery.task`.
    """
    if dotted in ALIASES:
        return ALIASES[dotted]
    owner, dot, attribute = dotted.rpartition(".")
    return ALIASES[owner] + dot + attribute if owner in ALIASES else dotted
