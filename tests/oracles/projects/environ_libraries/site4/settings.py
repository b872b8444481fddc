import environ
from decouple import config

env = environ.Env()
SECRET_KEY = "x"
USE_TZ = True
CELERY_BROKER_URL = env("BROKER_URL", default="memory://")
CELERY_TASK_TIME_LIMIT = env.int("LIMIT", default=30)
CELERY_WORKER_CONCURRENCY = config("WORKERS", default=3, cast=int)
CELERY_TASK_ALWAYS_EAGER = env.bool("EAGER", False)
CELERY_RESULT_EXPIRES = 3600
