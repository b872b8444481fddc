from celery import Celery

import base
from base import ROUTES, SCHEDULE

SCHEDULE["extra"] = {"task": "app.f", "schedule": 4}
ROUTES.update({"app.f": "changed"})

app = Celery("changed", broker="memory://")
app.conf.beat_schedule = SCHEDULE
app.conf.task_routes = ROUTES
app.conf.task_time_limit = base.LIMIT
app.conf.imports = [*base.IMPORTS, "json"]


@app.task
def f():
    return 1
