from celery import Celery

celery_app = Celery("lib", broker="memory://")
celery_app.conf["task_routes"] = {"lib.jobs.mail.*": {"queue": "mail"}}
