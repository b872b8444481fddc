from celery import Celery
from celery.schedules import crontab

PRODUCTION = True


def limits(production, factor=2):
    if production and factor > 1:
        limit = 60 * factor
    elif production:
        limit = 60
    else:
        limit = None
    return limit


app = Celery("branches", broker="memory://")
app.conf.task_time_limit = limits(PRODUCTION)
app.conf.task_soft_time_limit = limits(PRODUCTION, factor=1)


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
