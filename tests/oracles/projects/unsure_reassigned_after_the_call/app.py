from celery import Celery
from celery.schedules import crontab

NAMES = ["a"]


def build():
    return {name: {"task": "app.f", "schedule": 4.0} for name in NAMES}


def routes():
    found = {}
    for name in NAMES:
        found["app.f"] = {"queue": name}
    return found


app = Celery("after", broker="memory://")
app.conf.beat_schedule = build()
app.conf.task_routes = routes()
NAMES = ["b", "c"]


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
