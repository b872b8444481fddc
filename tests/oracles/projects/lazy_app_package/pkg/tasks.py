import celery

from pkg import app as app_module


@app_module.capp.task(ignore_result=False)
def one(x, y=None):
    return x


@celery.shared_task
def two(x):
    return x
