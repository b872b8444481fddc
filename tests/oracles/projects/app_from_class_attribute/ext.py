from celery import Celery


class Extensions:
    celery = Celery("ext", broker="memory://")


ext = Extensions()
ext.celery.conf.task_default_queue = "ext"
