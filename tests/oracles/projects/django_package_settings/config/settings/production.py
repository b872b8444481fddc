from .base import *
from .base import CELERY_BEAT_SCHEDULE

CELERY_TASK_SOFT_TIME_LIMIT = 50
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BEAT_SCHEDULE["bill"] = {"task": "billing.tasks.bill", "schedule": 86400}
INSTALLED_APPS += ["reports"]
