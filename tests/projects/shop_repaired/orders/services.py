"""What the shop does with an order, one transaction at a time."""

from datetime import UTC, datetime, timedelta
from functools import partial

from celery import chain
from celery.exceptions import TimeoutError
from django.db import transaction
from django.utils import timezone

from mails.tasks import send_confirmation, send_digest, send_receipt, send_survey
from reports.tasks import collect_sales
from shop.constants import ACCOUNTING_ADDRESS

from .models import Order, OrderLine, Refund
from .tasks import (
    archive_order,
    capture_payment,
    export_order,
    notify_line,
    quote_shipping,
    reserve_stock,
)

ARCHIVE_AFTER = timedelta(hours=2)


def place_order(order):
    with transaction.atomic():
        order.state = Order.State.PLACED
        order.placed_at = timezone.now()
        order.save()
        transaction.on_commit(partial(reserve_stock.delay, order.pk))
    send_confirmation.delay(order.pk, order.language)
    capture_payment.apply_async((order.pk,), expires=3600)


def pay_order(order):
    with transaction.atomic():
        order.state = Order.State.PAID
        order.save()
        transaction.on_commit(partial(export_order.delay, order.pk))
    send_receipt.apply_async((order.pk,), {"copy_to": ACCOUNTING_ADDRESS})


def ship_order(order):
    order.state = Order.State.SHIPPED
    order.save()
    transaction.on_commit(partial(send_survey.delay, order.pk))


@transaction.atomic
def change_lines(order, quantities):
    for line_id, quantity in quantities.items():
        OrderLine.objects.filter(pk=line_id, order=order).update(quantity=quantity)
        transaction.on_commit(partial(notify_line.delay, line_id))


def refund_order(order, amount):
    refund = Refund.objects.create(order=order, amount=amount)
    archive_order.apply_async((order.pk,), eta=datetime.now(UTC) + ARCHIVE_AFTER)
    return refund


def shipping_price(order):
    result = quote_shipping.delay(order.pk)
    try:
        return result.get(timeout=2)
    except TimeoutError:
        return 690


def mail_sales(day):
    chain(collect_sales.s(day), send_digest.si()).delay()
