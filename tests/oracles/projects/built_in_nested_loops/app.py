from celery import Celery
from celery.schedules import crontab

QUEUES = {"mail": ["f", "g"], "other": []}


def routes():
    found = {}
    for queue, names in QUEUES.items():
        if not names:
            continue
        for name in names:
            found["app." + name] = {"queue": queue.upper()}
    return found


app = Celery("nested", broker="memory://")
app.conf.task_routes = routes()


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
