from celery import shared_task


@shared_task
def close(limit=100):
    return limit


@shared_task(bind=True, autoretry_for=(OSError,), retry_backoff=True, max_retries=7)
def remind(self, user_id, text, dry=False):
    return user_id
