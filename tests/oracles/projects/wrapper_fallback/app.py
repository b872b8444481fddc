from celery import Celery

app = Celery("fallback", broker="memory://")
