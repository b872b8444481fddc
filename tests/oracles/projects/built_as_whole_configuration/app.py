from celery import Celery
from celery.schedules import crontab

def configuration(prefix):
    values = {}
    for key, value in [("task_acks_late", True), ("worker_prefetch_multiplier", 1)]:
        values[key] = value
    values["task_default_queue"] = prefix + "-default"
    return values


app = Celery("whole", broker="memory://")
app.conf.update(configuration("shop"))


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
