from celery import Celery

app = Celery("missing")
app.config_from_object("not_there.celeryconfig")


@app.task
def f():
    return 1
