from celery import Celery

app = Celery("script", broker="memory://")
app.conf.task_time_limit = 5


@app.task
def f():
    return 1
