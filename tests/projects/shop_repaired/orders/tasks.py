"""Background work around an order."""

from datetime import timedelta

from celery import shared_task
from celery.exceptions import Retry
from celery.utils.log import get_task_logger
from django.core.mail import mail_admins
from django.db import transaction
from django.utils import timezone

from .models import Order, OrderLine, Product

logger = get_task_logger(__name__)


@shared_task(bind=True, max_retries=5)
def capture_payment(self, order_id):
    try:
        order = Order.objects.get(pk=order_id)
        if order.payment == "pending":
            raise self.retry(countdown=30)
        order.state = Order.State.PAID
        order.save(update_fields=["state"])
    except Retry:
        raise
    except Exception:
        logger.exception("payment of order %s was not captured", order_id)


@shared_task(bind=True, max_retries=5)
def export_order(self, order_id):
    try:
        order = Order.objects.prefetch_related("lines").get(pk=order_id)
        if order.state == Order.State.CART:
            raise self.retry(countdown=60)
        order.exported = True
        order.save(update_fields=["exported"])
    except Retry:
        raise
    except Exception as exc:
        if self.request.retries >= 4:
            mail_admins("export", f"order {order_id} was not exported")
            raise
        raise self.retry(exc=exc, countdown=120)


@shared_task
def reserve_stock(order_id):
    for line in OrderLine.objects.filter(order_id=order_id).select_related("product"):
        Product.objects.filter(pk=line.product_id).update(stock=line.product.stock - line.quantity)


@shared_task
@transaction.atomic
def expire_carts():
    deadline = timezone.now() - timedelta(days=2)
    Order.objects.filter(state=Order.State.CART, updated_at__lt=deadline).delete()


@shared_task(time_limit=45)
def close_orders():
    deadline = timezone.now() - timedelta(days=30)
    Order.objects.filter(state=Order.State.SHIPPED, updated_at__lt=deadline).update(
        state=Order.State.CLOSED
    )


@shared_task
def print_label(order_id):
    order = Order.objects.get(pk=order_id)
    logger.info("label for order %s printed", order.pk)
    return order.pk


@shared_task
def quote_shipping(order_id):
    order = Order.objects.get(pk=order_id)
    return 490 + 150 * order.lines.count()


@shared_task
def archive_order(order_id):
    Order.objects.filter(pk=order_id).update(state=Order.State.CLOSED)


@shared_task
def notify_line(line_id):
    line = OrderLine.objects.select_related("product").get(pk=line_id)
    logger.info("%s pieces of %s are needed", line.quantity, line.product.sku)
