"""The tasks that every Celery app has without anybody defining them."""

#: From `celery/app/builtins.py`; each app registers them when it is finalised.
BUILTIN_TASKS = frozenset(
    {
        "celery.accumulate",
        "celery.backend_cleanup",
        "celery.chain",
        "celery.chord",
        "celery.chord_unlock",
        "celery.chunks",
        "celery.group",
        "celery.map",
        "celery.starmap",
    }
)
