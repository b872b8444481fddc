from celery import shared_task


def job_task(func=None, **options):
    options.setdefault("acks_late", True)
    if func is not None:
        return shared_task(**options)(func)

    def decorate(inner):
        return shared_task(**options)(inner)

    return decorate
