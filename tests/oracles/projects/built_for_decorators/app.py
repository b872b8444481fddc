from celery import Celery
from celery.schedules import crontab

def options(kind, **more):
    found = {"acks_late": True}
    if kind == "slow":
        found["time_limit"] = 600
        found["soft_time_limit"] = found["time_limit"] - 60
    found.update(more)
    return found


def retries(n):
    total = 0
    for part in range(n):
        total += part
    return total


app = Celery("decorators", broker="memory://")


@app.task(**options("slow", ignore_result=True))
def slow():
    pass


@app.task(max_retries=retries(5))
def often():
    pass


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
