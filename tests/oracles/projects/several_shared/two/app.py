from celery import Celery

app = Celery("two", broker="memory://", set_as_current=False)
