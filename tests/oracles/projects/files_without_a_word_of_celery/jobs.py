from celery import shared_task


def job(queue="jobs", **options):
    def decorate(function):
        return shared_task(queue=queue, **options)(function)

    return decorate


def quick(function):
    return shared_task(function, queue="quick")
