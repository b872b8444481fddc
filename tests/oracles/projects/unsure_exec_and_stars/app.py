from celery import Celery
from celery.schedules import crontab

from os.path import *

LIMITS = {"soft": 5}


def build():
    schedule = {}
    exec("schedule['a'] = {'task': 'app.f', 'schedule': 7.0}")
    schedule["b"] = {"task": "app.g", "schedule": 8.0}
    return schedule


def limit():
    names = {}
    names.update(globals().get("LIMITS"))
    return names["soft"]


app = Celery("exec", broker="memory://")
app.conf.beat_schedule = build()
app.conf.task_soft_time_limit = limit()


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
