from functools import partial

from celery import shared_task

late = shared_task(acks_late=True)
bound = partial(shared_task, bind=True, max_retries=2)
alias = shared_task


@late
def a(x):
    return x


@bound()
def b(self, x):
    return x


@bound(name="early.c", queue="c")
def c(self, x, *, y):
    return x


@alias
def d():
    return 1


def e(x, y):
    return x


e_task = shared_task(e)
