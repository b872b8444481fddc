from celery import Celery

app = Celery("ann", broker="memory://")
app.conf.task_annotations = {
    "app.a": {"rate_limit": "5/m", "time_limit": 7},
    "app.b": {"max_retries": 1},
    "*": {"rate_limit": "9/m"},
}
app.conf.task_acks_late = True


@app.task(rate_limit="1/s", time_limit=70)
def a():
    return 1


@app.task(max_retries=8, acks_late=False)
def b():
    return 1


@app.task(autoretry_for=(ValueError,), retry_backoff=3)
def c(n):
    return n
