from celery import Celery

app = Celery("wrap2", broker="memory://")
