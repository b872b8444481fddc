from celery import Celery
from celery.schedules import crontab

NAMES = ["a", "b"]
EVERY = (10.0, 20.0, 30.0)


def build():
    schedule = dict(zip(NAMES, [{"task": "app.f", "schedule": every} for every in EVERY]))
    for name, entry in schedule.items():
        entry["kwargs"] = {"name": name, "of": len(schedule)}
    return schedule


app = Celery("zip", broker="memory://")
app.conf.beat_schedule = build()


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
