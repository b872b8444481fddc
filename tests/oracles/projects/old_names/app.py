from celery import Celery

app = Celery("old", broker="memory://")
app.config_from_object("celeryconfig")


@app.task
def f():
    return 1
