from celery import Celery
from celery.schedules import crontab

PAIRS = [("a", 10.0), ("b", 0), ("c", 30.0)]


def build(pairs):
    return {
        f"{name}-{place}": {"task": "app.f", "schedule": every}
        for place, (name, every) in enumerate(pairs)
        if every
    }


app = Celery("pairs", broker="memory://")
app.conf.beat_schedule = build(PAIRS)


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
