from celery import Celery

app = Celery("broken")
app.config_from_object("settings")


@app.task
def f():
    return 1
