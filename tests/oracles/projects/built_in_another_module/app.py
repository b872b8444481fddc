from celery import Celery
from celery.schedules import crontab

from building import schedules
from building.schedules import hourly

app = Celery("module", broker="memory://")
app.conf.beat_schedule = schedules.build(extra={"z": hourly("app.g")})


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
