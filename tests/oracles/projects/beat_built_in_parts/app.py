from celery import Celery
from celery.schedules import crontab

from schedules import HOURLY, NIGHTLY

app = Celery("parts", broker="memory://")

SCHEDULE = {**HOURLY}
SCHEDULE |= NIGHTLY
SCHEDULE["weekly"] = dict(task="app.weekly", schedule=crontab(0, 0, day_of_week="sun"))
SCHEDULE.update(monthly={"task": "app.weekly", "schedule": crontab(0, 0, day_of_month=1)})

app.conf.beat_schedule = SCHEDULE


@app.task
def weekly():
    return 1
