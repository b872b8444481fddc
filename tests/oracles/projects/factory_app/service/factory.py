from celery import Celery


def make_celery(name="service"):
    celery = Celery(name, broker="memory://")
    celery.conf.update(task_default_queue="svc", result_expires=100)
    celery.conf.task_time_limit = 44
    return celery
