from core import celery


@celery.task
def simple(x):
    return x


@celery.task(name="named.one", rate_limit="3/s", base=celery.Task)
def one(x, y=None):
    return x


@celery.periodic_task(name="named.hourly", queue="beat")
def hourly():
    return 1
