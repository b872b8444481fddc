from celery import Celery

from defaults import DEFAULTS, RETRY, Limits

app = Celery("opts", broker="memory://")


@app.task(**DEFAULTS)
def a():
    return 1


@app.task(bind=True, **RETRY, queue="b")
def b(self):
    return 1


@app.task(time_limit=Limits.HARD, soft_time_limit=Limits.HARD - 10, acks_late=not False)
def c():
    return 1
