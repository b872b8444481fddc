from celery import shared_task


@shared_task(name="shop.total")
def total(day=None):
    return day
