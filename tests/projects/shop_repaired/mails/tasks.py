"""Every mail the shop sends."""

from smtplib import SMTPException, SMTPServerDisconnected

from celery import shared_task
from celery.exceptions import MaxRetriesExceededError
from celery.utils.log import get_task_logger
from django.core.cache import cache
from django.core.mail import mail_admins, send_mail
from django.utils import translation

from orders.models import Order

logger = get_task_logger(__name__)


def mail_customer(order, subject, text):
    send_mail(subject, text, None, [order.email])


@shared_task(autoretry_for=(SMTPException,), max_retries=4, retry_backoff=True)
def send_confirmation(order_id, language):
    order = Order.objects.get(pk=order_id)
    with translation.override(language):
        mail_customer(order, "Your order", f"We received order {order.pk}.")


@shared_task(bind=True, max_retries=3)
def send_receipt(self, order_id, copy_to=None):
    order = Order.objects.get(pk=order_id)
    try:
        mail_customer(order, "Your receipt", f"Paid: {order.total}")
        if copy_to:
            send_mail("Receipt", f"Paid: {order.total}", None, [copy_to])
    except SMTPServerDisconnected:
        try:
            raise self.retry(countdown=60)
        except MaxRetriesExceededError:
            mail_admins("receipt", f"order {order_id} got no receipt")


@shared_task(rate_limit="30/m")
def send_reminder(order_id):
    order = Order.objects.get(pk=order_id)
    if order.state == Order.State.CART:
        mail_customer(order, "Your cart", "Something is still in your cart.")


@shared_task(autoretry_for=(SMTPException,), max_retries=8)
def send_survey(order_id):
    order = Order.objects.get(pk=order_id)
    mail_customer(order, "How was it?", "Tell us about your order.")


@shared_task
def send_digest():
    for address in cache.get("subscribers", []):
        send_mail("News from the shop", "This week in the shop.", None, [address])


@shared_task(bind=True)
def clean_bounces(self):
    cache.delete("bounces")
    logger.info("bounces removed by %s", self.request.id)
