from celery import Celery

app = Celery("del", broker="memory://")
app.conf.task_time_limit = 5
app.conf.task_soft_time_limit = 4
app.conf.setdefault("result_expires", 77)
app.conf.worker_concurrency = 2


@app.task
def f():
    return 1
