from celery import shared_task


@shared_task
def go(x):
    return x
