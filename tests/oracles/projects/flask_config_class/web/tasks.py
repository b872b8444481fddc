from web.app import celery


@celery.task
def mail(to):
    return to


@celery.task
def other(to):
    return to
