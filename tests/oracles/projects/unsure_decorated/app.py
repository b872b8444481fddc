from celery import Celery
from celery.schedules import crontab

import functools


def with_more(function):
    @functools.wraps(function)
    def inner(*args):
        result = function(*args)
        result["b"] = {"task": "app.g", "schedule": 2.0}
        return result

    return inner


@with_more
def build():
    return {"a": {"task": "app.f", "schedule": 1.0}}


app = Celery("decorated", broker="memory://")
app.conf.beat_schedule = build()


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
