from celery import shared_task


@shared_task
def welcome(user_id):
    return user_id
