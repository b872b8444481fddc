import functools

from celery import Celery

app = Celery("below", broker="memory://")


def logged(func):
    @functools.wraps(func)
    def inner(*args, **kwargs):
        return func(*args, **kwargs)

    return inner


@app.task
@logged
def wrapped(a, b):
    return a


@app.task
def straight(a, b, /, c, *, d=None, **rest):
    return a
