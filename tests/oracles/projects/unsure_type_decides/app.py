import os
from celery import Celery
from funcs import is_truthy
app = Celery("x", broker="memory://")
app.conf.worker_redirect_stdouts = is_truthy(os.getenv("A", "True"))
