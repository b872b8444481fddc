from celery import Celery

app = Celery("cond-wrap", broker="memory://")
