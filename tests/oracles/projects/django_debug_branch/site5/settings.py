import os

SECRET_KEY = "x"
USE_TZ = True
DEBUG = os.environ.get("DEBUG", "") == "1"
CELERY_TASK_TIME_LIMIT = 7
CELERY_RESULT_EXPIRES = 10
if DEBUG:
    CELERY_BROKER_URL = "memory://debug"
    CELERY_TASK_TIME_LIMIT = 700
else:
    CELERY_BROKER_URL = "memory://"
CELERY_TASK_ROUTES = {
    "site5.*": {"queue": "five"},
}
globals()["CELERY_WORKER_CONCURRENCY"] = 4
