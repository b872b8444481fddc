from celery import Celery
from celery.schedules import crontab

def add(schedule, name, every, *args, queue=None, **kwargs):
    entry = {"task": "app.f", "schedule": every, "args": args, "kwargs": kwargs}
    if queue is not None:
        entry["options"] = {"queue": queue}
    schedule[name] = entry


def everything():
    schedule = dict()
    add(schedule, "a", 60, 1, 2)
    add(schedule, "b", 120.0, queue="slow", x=1)
    return schedule


app = Celery("helper", broker="memory://")
app.conf.beat_schedule = everything()


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
