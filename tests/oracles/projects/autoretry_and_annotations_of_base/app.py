from celery import Celery, Task

app = Celery("auto", broker="memory://")
app.conf.task_annotations = {"app.b": {"retry_backoff": True, "acks_late": True}}
app.conf.task_serializer = "json"
app.conf.task_store_errors_even_if_ignored = True
app.conf.task_send_sent_event = True


class Retrying(Task):
    autoretry_for = (ConnectionError,)
    max_retries = 3
    retry_backoff = 5
    retry_jitter = False


@app.task(base=Retrying)
def a(x):
    return x


@app.task(base=Retrying, max_retries=9)
def b(x):
    return x


@app.task(bind=True, base=Retrying)
def c(self, x, *, y=None):
    return x
