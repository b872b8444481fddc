from celery import shared_task

from two.app import app


@shared_task
def anywhere(x):
    return x


@app.task
def only_two(x):
    return x
