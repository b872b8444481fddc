try:
    from celery import shared_task
except ImportError:

    def shared_task(func):
        return func
