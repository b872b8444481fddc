
from app import app as application


def app():
    return None


def task(**options):
    return lambda func: func


@task(name="not.celery")
def decoy(x):
    return x


@application.task
def a(x, y=None):
    return x
