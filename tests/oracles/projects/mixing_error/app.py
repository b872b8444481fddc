from celery import Celery

app = Celery("mixed", broker="memory://")
app.config_from_object("settings")


@app.task
def f():
    return 1
