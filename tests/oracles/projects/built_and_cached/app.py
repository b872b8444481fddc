from celery import Celery
from celery.schedules import crontab

from functools import lru_cache


@lru_cache(maxsize=None)
def queues():
    names = []
    for name in ("low", "high"):
        names.append(name)
    names += ["mid"]
    return names


app = Celery("cached", broker="memory://")
app.conf.task_default_queue = queues()[1]
app.conf.task_routes = {"app.f": {"queue": queues()[-1]}}


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
