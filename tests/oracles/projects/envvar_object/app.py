import os

from celery import Celery

os.environ["WORKER_CONFIG"] = "workerconfig"

app = Celery("envvar")
app.config_from_envvar("WORKER_CONFIG")


@app.task
def f():
    return 1
