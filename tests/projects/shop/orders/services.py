"""What the shop does with an order, one transaction at a time."""

from datetime import datetime, timedelta
from functools import partial

from celery import chain
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
        reserve_stock.delay(order.pk)  # error: [CEL600]
    send_confirmation.delay(order.pk)  # error: [CEL220]
    capture_payment.apply_async((order.pk,), expire=3600)  # error: [CEL223]


def pay_order(order):
    with transaction.atomic():
        order.state = Order.State.PAID
        order.save()
        transaction.on_commit(partial(export_order.delay, order.pk))
    send_receipt.apply_async((order.pk,), copy_to=ACCOUNTING_ADDRESS)  # error: [CEL221]


def ship_order(order):
    order.state = Order.State.SHIPPED
    order.save()
    transaction.on_commit(send_survey.delay(order.pk))  # error: [CEL604]


@transaction.atomic
def change_lines(order, quantities):
    for line_id, quantity in quantities.items():
        OrderLine.objects.filter(pk=line_id, order=order).update(quantity=quantity)
        transaction.on_commit(lambda: notify_line.delay(line_id))  # error: [CEL603]


def refund_order(order, amount):
    refund = Refund.objects.create(order=order, amount=amount)
    archive_order.apply_async((order.pk,), eta=datetime.now() + ARCHIVE_AFTER)  # error: [CEL226]
    return refund


def shipping_price(order):
    result = quote_shipping.delay(order.pk)
    try:
        return result.get(timeout=2)
    except TimeoutError:  # error: [CEL162]
        return 690


def mail_sales(day):
    chain(collect_sales.s(day), send_digest.s()).delay()  # error: [CEL260]
