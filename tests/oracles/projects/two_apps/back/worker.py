from celery import Celery

app = Celery("back", broker="memory://", task_default_queue="back")
app.conf.beat_schedule = {"go": {"task": "back.worker.count", "schedule": 5}}


@app.task
def count():
    return 1


@app.task(base=app.Task, name="back.sum")
def total(xs=()):
    return sum(xs)
