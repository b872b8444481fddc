from celery import Celery
from celery.schedules import crontab

def build():
    schedule = {name: {"task": "app.f", "schedule": 9.0} for name in ("a", "b", "c")}
    del schedule["b"]
    schedule["c"]["task"] = "app.g"
    return schedule


app = Celery("deleted", broker="memory://")
app.conf.beat_schedule = build()


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
