from service.worker import celery


@celery.task(name="svc.go")
def go(x):
    return x


@celery.task
def stop():
    return 1
