from .queue import celery_app as app

__all__ = ["app"]
