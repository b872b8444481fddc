import os

from celery import Celery

app = Celery("cond", broker="memory://")
if os.environ.get("BIG"):
    app.conf.task_default_queue = "big"
else:
    app.conf.task_default_queue = "small"
app.conf.task_time_limit = 3

try:
    app.conf.worker_prefetch_multiplier = 2
except AttributeError:
    pass


@app.task
def f():
    return 1
