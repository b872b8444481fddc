import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site4.settings")
app = Celery("site4")
app.config_from_object("django.conf:settings", namespace="CELERY")


@app.task
def f(x):
    return x
