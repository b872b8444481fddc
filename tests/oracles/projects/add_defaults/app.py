from celery import Celery


def defaults():
    return {"task_time_limit": 11, "worker_concurrency": 3}


app = Celery("d", broker="memory://", set_as_current=False)
app.config_from_object({"task_time_limit": 10, "task_soft_time_limit": 5, "result_expires": 9})
app.add_defaults({"task_time_limit": 12, "task_default_queue": "low"})
app.add_defaults(defaults)
app.conf.task_soft_time_limit = 6


@app.task
def f():
    return 1
