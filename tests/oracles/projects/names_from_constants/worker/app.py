from celery import Celery

app = Celery("names", broker="memory://")
app.conf.task_routes = {"worker.report": {"queue": "reports"}}
