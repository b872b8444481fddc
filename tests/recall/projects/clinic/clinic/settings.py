"""Settings of the clinic, which has one application, one broker and no environment."""

from celery.schedules import crontab
from kombu import Queue

SECRET_KEY = "insecure-development-key"
INSTALLED_APPS = ["django.contrib.contenttypes", "visits"]
ROOT_URLCONF = "visits.views"
TIME_ZONE = "Europe/Oslo"
USE_TZ = True
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "clinic.sqlite3"}}

CELERY_BROKER_URL = "redis://localhost:6379/0"
CELERY_RESULT_BACKEND = "redis://localhost:6379/1"
CELERY_RESULT_EXPIRES = 3600
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_DEFAULT_QUEUE = "visits"
CELERY_TASK_QUEUES = [Queue("visits"), Queue("letters")]
CELERY_TASK_ROUTES = {"visits.tasks.write_letter": {"queue": "letters"}}
CELERY_WORKER_CONCURRENCY = 4
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_BEAT_SCHEDULE = {
    "invite": {
        "task": "visits.tasks.invite_patients",
        "schedule": crontab(minute=0, hour=8),
        "options": {"expires": 3600, "queue": "letters"},
    },
    "count": {
        "task": "visits.tasks.count_visits",
        "schedule": 600.0,
        "options": {"expires": 300},
    },
}
