from celery import Celery

COMMON = {"task_serializer": "json", "task_time_limit": 100}
CELERY = {
    **COMMON,
    "broker_url": "memory://",
    "task_time_limit": 120,
    "task_routes": {"main.heavy": {"queue": "heavy"}, "main.*": "light"},
}

app = Celery("dicts")
app.config_from_object(CELERY)


@app.task
def heavy(n):
    return n


@app.task
def small(n: int = 3) -> int:
    return n
