from celery import Celery
from celery.schedules import crontab

app = Celery("odd", broker="memory://", timezone="UTC")
app.conf.beat_schedule = {
    "tail": {"task": "t", "schedule": crontab(minute="*/5 2 * * *")},
    "wrap": {"task": "t", "schedule": crontab(hour="22-2", day_of_week="fri-mon")},
    "names": {"task": "t", "schedule": crontab(0, 0, "wednesday,SUN")},
    "step": {"task": "t", "schedule": crontab(minute="10-50/15", hour="*/7")},
    "set": {"task": "t", "schedule": crontab(minute={5, 10}, hour=(1, 2))},
    "positional": {"task": "t", "schedule": crontab("1", "2", "3", "4", "5")},
    "feb": {"task": "t", "schedule": crontab(0, 0, day_of_month=29, month_of_year=2)},
    "spaces": {"task": "t", "schedule": crontab(minute="0", hour=" 4")},
}


@app.task(name="t")
def t():
    return 1
