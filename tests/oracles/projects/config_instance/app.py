from celery import Celery

from settings import Settings

app = Celery("inst")
app.config_from_object(Settings())


@app.task
def work(item):
    return item
