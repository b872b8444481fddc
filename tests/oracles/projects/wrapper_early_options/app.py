from celery import Celery

app = Celery("early", broker="memory://")
