import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site3.settings")
app = Celery("site3", namespace="CELERY")
app.config_from_object("django.conf:settings")
app.autodiscover_tasks(lambda: ["site3"])
