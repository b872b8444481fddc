from celery import Celery

app = Celery("pkgapp", broker="memory://")
app.autodiscover_tasks(packages=["proj"], related_name="work")
