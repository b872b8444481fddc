from celery import Celery

app = Celery("ns", broker="memory://", namespace="APP")
app.config_from_object("settings")
app.conf.task_soft_time_limit = 3


@app.task
def f():
    return 1
