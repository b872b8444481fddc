from celery import Celery
from celery.schedules import crontab

SCHEDULE = {"first": {"task": "app.g", "schedule": 5.0}}
for name, minute in (("a", 1), ("b", 2)):
    SCHEDULE["at-" + name] = {"task": "app.f", "schedule": crontab(minute=minute)}

app = Celery("top", broker="memory://")
app.conf.beat_schedule = SCHEDULE


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
