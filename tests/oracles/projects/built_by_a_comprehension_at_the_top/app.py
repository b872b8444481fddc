from celery import Celery
from celery.schedules import crontab

PAIRS = {"a": 10.0, "b": 0, "c": 30.0}

app = Celery("top", broker="memory://")
app.conf.beat_schedule = {
    f"{name}-{place}": {"task": "app.f", "schedule": every}
    for place, (name, every) in enumerate(PAIRS.items())
    if every
}


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
