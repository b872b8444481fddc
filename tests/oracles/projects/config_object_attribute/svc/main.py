from celery import Celery

app = Celery("svc")
app.config_from_object("svc.config:WorkerConfig")
