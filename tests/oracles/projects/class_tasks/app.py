from celery import Celery

app = Celery("classes", broker="memory://")
app.conf.task_time_limit = 90
