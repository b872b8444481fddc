from celery import Celery

app = Celery("wrapcls", broker="memory://")
