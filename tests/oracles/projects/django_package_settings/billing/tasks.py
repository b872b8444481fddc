from celery import shared_task


@shared_task(soft_time_limit=10)
def bill():
    return 1
