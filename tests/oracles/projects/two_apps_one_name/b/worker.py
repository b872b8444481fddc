from celery import Celery

app = Celery("same", broker="memory://")


@app.task
def two():
    return 2
