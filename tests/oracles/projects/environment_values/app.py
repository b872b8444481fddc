import os

from celery import Celery

app = Celery("env", broker=os.environ.get("BROKER", "memory://"))
app.conf.worker_concurrency = int(os.environ["WORKER_CONCURRENCY"])
app.conf.task_time_limit = int(os.getenv("TASK_TIME_LIMIT", "60"))
app.conf.task_default_queue = "q-" + "env"


@app.task
def f():
    return 1
