from celery import Celery

app = Celery("auto", broker="memory://")
app.autodiscover_tasks(["proj.a", "proj.b"], related_name="jobs")
app.autodiscover_tasks(lambda: ["proj.c"])
