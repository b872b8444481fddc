from celery import Celery

BROKER = "memory://"

app = Celery(
    "shop",
    broker=BROKER,
    backend="cache+memory://",
    include=["shop.tasks"],
    task_acks_late=True,
    CELERY_TASK_SERIALIZER="json",
    worker_prefetch_multiplier=1,
    result_expires=60 * 60 * 24,
)
