from celery import Celery

app = Celery("same", broker="memory://")


@app.task
def one():
    return 1
