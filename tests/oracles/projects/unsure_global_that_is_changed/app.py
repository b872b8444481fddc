from celery import Celery
from celery.schedules import crontab

SCHEDULE = {"a": {"task": "app.f", "schedule": 10.0}}
ROUTES = {}
QUEUE = "one"


def extend():
    SCHEDULE["b"] = {"task": "app.g", "schedule": 20.0}
    SCHEDULE["a"]["schedule"] = 15.0


def fill(routes):
    routes.update({"app.f": {"queue": "filled"}})


def choose():
    global QUEUE
    QUEUE = "two"


extend()
fill(ROUTES)
choose()
app = Celery("changed", broker="memory://")
app.conf.beat_schedule = SCHEDULE
app.conf.task_routes = ROUTES
app.conf.task_default_queue = QUEUE


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
