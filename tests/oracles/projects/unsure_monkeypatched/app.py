from celery import Celery
from celery.schedules import crontab

import building
import patches

app = Celery("patched", broker="memory://")
app.conf.beat_schedule = building.build()
app.conf.task_routes = building.routes()


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
