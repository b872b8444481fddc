SECRET_KEY = "x"
USE_TZ = True
INSTALLED_APPS = ["site2"]
CELERY_BROKER_URL = "memory://"
CELERY_TASK_TIME_LIMIT = 5
CELERY_TASK_DEFAULT_QUEUE = "two"

try:
    from .local import *
except ImportError:
    pass
