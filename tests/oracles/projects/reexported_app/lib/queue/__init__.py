from .base import celery_app
