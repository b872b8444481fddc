from celery import Celery

from service.config import settings

app = Celery("pyd", broker=settings.broker)
app.conf.task_default_queue = settings.queue
app.conf.task_track_started = True


@app.task
def f(x: int) -> int:
    return x
