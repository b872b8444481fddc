from celery import Celery
from celery.schedules import crontab

STATE = {"calls": 0}


def call():
    STATE["calls"] += 1
    return STATE["calls"]


def make(default=[]):
    default.append("q")
    return "".join(default)


make()
call()
app = Celery("state", broker="memory://")
app.conf.task_default_queue = make()
app.conf.task_time_limit = call() + 5


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
