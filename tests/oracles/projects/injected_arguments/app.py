from celery import Celery

app = Celery("inject", broker="memory://")
