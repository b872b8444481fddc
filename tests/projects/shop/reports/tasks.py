"""Numbers for the office."""

from datetime import timedelta

from celery import shared_task
from celery.utils.log import get_task_logger
from django.core.cache import cache
from django.db import DatabaseError
from django.db.models import Sum
from django.utils import timezone

from orders.models import Order, OrderLine
from shop.constants import TASK_REBUILD_INDEX

logger = get_task_logger(__name__)


@shared_task
def collect_sales(day):
    lines = OrderLine.objects.filter(order__placed_at__date=day)
    return lines.aggregate(sold=Sum("quantity"))["sold"] or 0


@shared_task
def daily_sales():
    yesterday = timezone.localdate() - timedelta(days=1)
    sold = collect_sales.delay(yesterday).get(timeout=60)  # error: [CEL150]
    cache.set(f"sales:{yesterday}", sold)


@shared_task
def export_sales(day):  # error: [CEL066]
    for order in Order.objects.filter(placed_at__date=day):
        yield order.pk, str(order.total)


@shared_task(bind=True, max_retries=3)
def build_invoice(self, order_id):
    order = Order.objects.get(pk=order_id)
    try:
        cache.set(f"invoice:{order.pk}", str(order.total))
    except DatabaseError as exc:
        raise self.retry(exc)  # error: [CEL109]


@shared_task(name=TASK_REBUILD_INDEX)  # error: [CEL057]
def rebuild_report_index():
    days = Order.objects.dates("placed_at", "day")
    cache.set("index:reports", [day.isoformat() for day in days])


@shared_task
def write_ledger():
    paid = Order.objects.filter(state=Order.State.PAID)
    cache.set("ledger", [[order.pk, str(order.total)] for order in paid])


@shared_task
def top_sellers():
    rows = OrderLine.objects.values("product").annotate(sold=Sum("quantity")).order_by("-sold")
    cache.set("top", [row["product"] for row in rows[:20]])
