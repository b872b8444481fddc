from celery import Celery
from celery.schedules import crontab

import os


def build():
    schedule = {"a": {"task": "app.f", "schedule": 10.0}}
    if os.environ.get("NIGHTLY"):
        schedule["b"] = {"task": "app.g", "schedule": 20.0}
    return schedule


def queue():
    if os.environ.get("QUEUE"):
        return "special"


app = Celery("environment", broker="memory://")
app.conf.beat_schedule = build()
app.conf.task_default_queue = queue() or "plain"


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
