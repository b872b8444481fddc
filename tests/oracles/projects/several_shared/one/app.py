from celery import Celery

app = Celery("one", broker="memory://", include=["common.tasks"])
app.conf.task_routes = {"common.tasks.*": {"queue": "one"}}
