from celery.schedules import crontab

HOURLY = {"hourly": {"task": "app.weekly", "schedule": crontab(minute=5)}}
NIGHTLY = dict(
    nightly={"task": "app.weekly", "schedule": crontab(hour=3, minute=0), "args": ("all",)},
)
