from celery import current_app, shared_task


@shared_task(name="three", ignore_result=True)
def three(*, force):
    return 3


@current_app.task
def four(n=1):
    return 4
