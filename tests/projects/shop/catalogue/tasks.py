"""Products, prices and the search index."""

from decimal import Decimal

from celery import shared_task
from celery.utils.log import get_task_logger
from django.core.cache import cache
from django.core.mail import mail_managers

from orders.models import OrderLine, Product
from shop.constants import CURRENCIES, IMPORT_SOFT_LIMIT, TASK_REBUILD_INDEX

logger = get_task_logger(__name__)


@shared_task(soft_time_limit=IMPORT_SOFT_LIMIT)  # error: [CEL011]
def import_feed():
    for row in cache.get("feed", []):
        Product.objects.update_or_create(sku=row["sku"], defaults={"title": row["title"]})


@shared_task(max_retries=3)  # error: [CEL104]
def refresh_prices(currencies=CURRENCIES):
    for product in Product.objects.all():
        for currency in currencies:
            rate = Decimal(cache.get(f"rate:{currency}", "1"))
            cache.set(f"price:{currency}:{product.pk}", str(product.price * rate))


@shared_task(name=TASK_REBUILD_INDEX)
def rebuild_index():
    titles = dict(Product.objects.values_list("sku", "title"))
    cache.set("index:products", titles)


@shared_task(countdown=30)  # error: [CEL051]
def send_stock_alerts():
    empty = Product.objects.filter(stock=0).values_list("sku", flat=True)
    mail_managers("out of stock", "\n".join(empty))


@shared_task
async def warm_cache():  # error: [CEL065]
    async for product in Product.objects.all():
        await cache.aset(f"product:{product.pk}", product.title)


@shared_task(serializer="yaml")  # error: [CEL003]
def relabel(product_id, title):
    Product.objects.filter(pk=product_id).update(title=title)


@shared_task()
def update_rank(self, product_id):  # error: [CEL081]
    sold = OrderLine.objects.filter(product_id=product_id).count()
    logger.info("%s: %s was sold %s times", self.request.id, product_id, sold)
    cache.set(f"rank:{product_id}", sold)
