from celery import Task, shared_task


class LoggedTask(Task):
    max_retries = 9


def logged_task(*args, **kwargs):
    return shared_task(*args, base=LoggedTask, **kwargs)


def queued(queue):
    def decorator(func):
        return shared_task(queue=queue, acks_late=True)(func)

    return decorator
