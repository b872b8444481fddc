from celery import Celery

app = Celery("forgiven", broker="memory://")
app.config_from_object(
    {
        "task_serializer": "json",
        "CELERY_TASK_SERIALIZER": "yaml",
        "task_time_limit": 8,
        "result_expires": 1,
    }
)


@app.task
def f():
    return 1
