import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")

app = Celery("site1")
app.config_from_object("django.conf:settings")
app.autodiscover_tasks(["shop"])
