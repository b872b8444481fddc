from celery import Celery

app = Celery("cycle", broker="memory://")
app.config_from_object("one")


@app.task
def f():
    return 1
