from celery import Celery


class Config:
    enable_utc = False
    timezone = "Europe/London"
    broker_url = "memory://"
    task_ignore_result = True
    worker_concurrency = 2


celery = Celery("flat")
celery.config_from_object(Config)
celery.conf.worker_concurrency = 8


@celery.task
def one(a):
    return a


@celery.task(ignore_result=False)
def two(a, b=None):
    return a
