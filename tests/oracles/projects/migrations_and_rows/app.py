from celery import Celery

app = Celery("rows", broker="memory://")
app.conf.beat_scheduler = "django_celery_beat.schedulers:DatabaseScheduler"


@app.task
def f():
    return 1
