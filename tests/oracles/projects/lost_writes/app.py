from celery import Celery

app = Celery("lost", broker="memory://")
app.conf.task_time_limit = 5
app.conf.task_track_started = True
if app.conf.task_time_limit > 3:
    print("long tasks")
app.conf.task_time_limit = 6
app.conf.worker_concurrency = 3
app.config_from_object({"task_soft_time_limit": 2})
app.conf.task_default_queue = "kept"


@app.task
def f():
    return 1
