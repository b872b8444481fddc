from celery import Celery, Task

app = Celery("mixins", broker="memory://")


class RetryMixin:
    max_retries = 11
    default_retry_delay = 60 * 2


class QueueMixin:
    queue = "mixed"
    ignore_result = True


class Base(RetryMixin, QueueMixin, Task):
    abstract = True
    rate_limit = "4/m"


class Special(Base):
    queue = "special"
    max_retries = None


@app.task(base=Base)
def a(x):
    return x


@app.task(base=Special, rate_limit=None, ignore_result=False)
def b(x):
    return x


@app.task(base=Base, queue=None)
def c(x):
    return x
