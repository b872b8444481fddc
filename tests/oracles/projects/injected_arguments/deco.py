from functools import wraps

from celery import shared_task


def session_task(**options):
    def decorate(function):
        @shared_task(bind=True, typing=False, acks_late=True, **options)
        @wraps(function)
        def wrapper(self, *args, **kwargs):
            return function(self, "session", *args, **kwargs)

        return wrapper

    return decorate
