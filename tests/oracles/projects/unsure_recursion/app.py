from celery import Celery
from celery.schedules import crontab

def count(n):
    if n <= 0:
        return 0
    return 1 + count(n - 1)


def build(names):
    if not names:
        return {}
    found = build(names[1:])
    found[names[0]] = {"task": "app.f", "schedule": 5.0}
    return found


app = Celery("recursion", broker="memory://")
app.conf.task_time_limit = count(50)
app.conf.beat_schedule = build(["a", "b"])


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
