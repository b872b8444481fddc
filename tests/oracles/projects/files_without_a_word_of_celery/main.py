from celery import Celery

app = Celery("quiet", broker="memory://")
