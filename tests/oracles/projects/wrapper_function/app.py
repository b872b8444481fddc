from celery import Celery

app = Celery("wrap", broker="memory://", include=["tasks"])
