from datetime import timedelta

from celery.schedules import crontab

from proj import work

SCHEDULE = {
    "by-name": {"task": work.sync.name, "schedule": timedelta(minutes=5)},
    "text": {"task": "proj.work.sync", "schedule": crontab(minute="*/7", hour="22-2")},
}
