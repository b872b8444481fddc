from datetime import timedelta

from celery import Celery
from celery.schedules import crontab, schedule

MINUTE = 60
app = Celery("beat", broker="memory://", timezone="Europe/Paris")

app.conf.beat_schedule = {
    "number": {"task": "app.tick", "schedule": 10},
    "computed": {"task": "app.tick", "schedule": 5 * MINUTE, "args": [1]},
    "delta": {"task": "app.tick", "schedule": timedelta(hours=1, minutes=30)},
    "run-every": {"task": "app.tick", "schedule": schedule(run_every=timedelta(seconds=20))},
    "cron": {"task": "app.tick", "schedule": crontab(hour=7, minute=30, day_of_week=1)},
    "cron-text": {"task": "app.tick", "schedule": crontab("*/15", "8-17", "mon-fri")},
    "cron-list": {"task": "app.tick", "schedule": crontab(minute=[0, 30], day_of_month="1,15")},
}
app.conf.beat_schedule["late"] = {
    "task": "app.tick",
    "schedule": timedelta(days=1),
    "kwargs": {"n": 2},
    "options": {"queue": "late", "priority": 3},
}
app.conf.beat_schedule.update({"more": {"task": "app.tick", "schedule": crontab(minute="0")}})


@app.task
def tick(n=0):
    return n
