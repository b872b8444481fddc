from celery import Celery

app = Celery("mixed2", broker="memory://")
app.conf.update(task_time_limit=3, CELERY_TASK_SERIALIZER="json")


@app.task
def f():
    return 1
