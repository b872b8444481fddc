from celery import Celery

app = Celery("oldwrite", broker="memory://")
app.conf.update(
    CELERY_TASK_RESULT_EXPIRES=300,
    CELERYD_PREFETCH_MULTIPLIER=2,
    CELERY_DEFAULT_QUEUE="oldw",
)


@app.task
def f():
    return 1
