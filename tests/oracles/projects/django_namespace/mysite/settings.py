from celery.schedules import crontab

SECRET_KEY = "x"
INSTALLED_APPS = ["polls"]
USE_TZ = True
TIME_ZONE = "America/New_York"

CELERY_BROKER_URL = "memory://"
CELERY_RESULT_BACKEND = "cache+memory://"
CELERY_TASK_TIME_LIMIT = 30 * 60
CELERY_TASK_TRACK_STARTED = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_CONCURRENCY = 9
RESULT_SERIALIZER = "pickle"
CELERY_BEAT_SCHEDULE = {
    "close-polls": {
        "task": "polls.tasks.close",
        "schedule": crontab(minute=0, hour="*/6"),
    },
    "remind": {
        "task": "polls.tasks.remind",
        "schedule": 30.0,
        "args": (1, "x"),
        "kwargs": {"dry": True},
        "options": {"queue": "mails", "expires": 20},
    },
}
CELERY_TASK_ROUTES = {"polls.tasks.remind": {"queue": "mails"}}
