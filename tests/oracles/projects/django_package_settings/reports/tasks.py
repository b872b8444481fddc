from celery import shared_task


@shared_task()
def report(kind, fmt="pdf"):
    return kind
