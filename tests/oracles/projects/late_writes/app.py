from celery import Celery

app = Celery("late", broker="memory://")
app.config_from_object({"task_time_limit": 10, "task_default_queue": "object"})

limit = app.conf.task_time_limit

app.conf.task_default_queue = "late"
app.conf.task_soft_time_limit = limit - 1
app.conf.worker_concurrency = 3


@app.task
def f():
    return 1
