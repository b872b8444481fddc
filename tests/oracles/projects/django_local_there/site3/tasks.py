from celery import shared_task


@shared_task(bind=True)
def go(self, x=None):
    return x
