from celery.schedules import crontab

CELERY_BROKER_URL = "memory://"
CELERY_TASK_ROUTES = {"site3.tasks.*": {"queue": "s3"}}
CELERY_BEAT_SCHEDULE = {
    "a": {"task": "site3.tasks.go", "schedule": crontab(minute="*/20", hour="1-5/2")},
}
CELERY_BEAT_SCHEDULE["b"] = {
    "task": "site3.tasks.go",
    "schedule": crontab(0, 12, day_of_month="1-7", month_of_year="*/3"),
    "args": ["x"],
}
