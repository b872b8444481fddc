from celery import Celery
from celery.schedules import crontab

class Registry:
    def __init__(self, entries):
        self.entries = entries
        entries["added"] = {"task": "app.g", "schedule": 6.0}


def build():
    schedule = {"a": {"task": "app.f", "schedule": 3.0}}
    Registry(schedule)
    return schedule


def handled():
    try:
        value = {}["missing"]
    except KeyError:
        value = 30
    return value


app = Celery("object", broker="memory://")
app.conf.beat_schedule = build()
app.conf.task_time_limit = handled()


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
