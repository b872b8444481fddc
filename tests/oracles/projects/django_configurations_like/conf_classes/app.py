from celery import Celery

from .settings import Production

app = Celery("classes")
app.config_from_object(Production)


@app.task
def a():
    return 1


@app.task
def b():
    return 1
