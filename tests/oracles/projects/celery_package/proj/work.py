from celery import shared_task


@shared_task(name="work.sync")
def sync():
    return 1
