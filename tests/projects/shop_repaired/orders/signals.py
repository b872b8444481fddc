"""What happens when rows and tasks change."""

import logging
from functools import partial

from celery.signals import task_failure, task_retry
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from .models import Refund
from .tasks import export_order

logger = logging.getLogger(__name__)


@receiver(post_save, sender=Refund)
def export_refund(sender, instance, created, **kwargs):
    if created:
        transaction.on_commit(partial(export_order.delay, instance.order_id))


@task_failure.connect
def log_failure(sender, task_id, exception, **kwargs):
    logger.error("%s (%s) failed: %r", sender.name, task_id, exception)


@task_retry.connect
def log_retry(sender, reason, **kwargs):
    logger.warning("%s is tried again: %s", sender.name, reason)
