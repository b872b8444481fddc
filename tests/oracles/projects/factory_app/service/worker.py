from .factory import make_celery

celery = make_celery()
