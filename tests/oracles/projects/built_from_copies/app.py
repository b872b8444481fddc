from celery import Celery
from celery.schedules import crontab

import copy

DEFAULTS = {"task": "app.f", "options": {"queue": "q"}}


def variant(every, **changes):
    entry = copy.deepcopy(DEFAULTS)
    entry["schedule"] = every
    entry["options"].update(changes)
    return entry


app = Celery("copies", broker="memory://")
app.conf.beat_schedule = {"a": variant(1.0), "b": variant(2.0, queue="r", priority=1)}


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
