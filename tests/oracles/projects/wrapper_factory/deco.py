from functools import wraps

from celery import shared_task


def cron_task(**options):
    def decorate(func):
        @shared_task(name=f"cron.{func.__name__}" if options.pop("named", None) else None, **options)
        @wraps(func)
        def wrapper(*args, **kwargs):
            return func(*args, **kwargs)

        return wrapper

    return decorate


def simple_task(queue="simple", **options):
    def decorate(func):
        @shared_task(queue=queue, **options)
        @wraps(func)
        def wrapper(*args, **kwargs):
            return func(*args, **kwargs)

        return wrapper

    return decorate
