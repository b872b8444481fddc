from celery import Celery
from celery.schedules import crontab

BASE = {"a": {"task": "app.f", "schedule": 10.0}}
MORE = {"b": {"task": "app.g", "schedule": 20.0}}


def merged(*parts, **named):
    result = {}
    for part in parts:
        result.update(part)
    result.update(named)
    result.setdefault("a", {})
    result.pop("c", None)
    return result


app = Celery("update", broker="memory://")
app.conf.beat_schedule = merged(BASE, MORE, c={"task": "app.f", "schedule": 30.0})


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
