"""The packing station: a worker of its own, away from the shop's database."""

import os

from celery import Celery, chord
from kombu import Queue

RESULT_URL = os.environ.get("WAREHOUSE_RESULT_URL", "redis://localhost:6379/5")
BROKER_URL = os.environ.get("WAREHOUSE_BROKER_URL", "redis://localhost:6379/4")

app = Celery("warehouse", broker=BROKER_URL, backend=RESULT_URL)
app.conf.update(
    task_time_limit=120,
    task_default_queue="warehouse",
    task_queues=[Queue("warehouse"), Queue("picking")],
    task_routes=[[("warehouse.pick", "picking"), ("warehouse.*", "warehouse")]],
    worker_prefetch_multiplier=1,
)


@app.task(name="warehouse.pick")
def pick(sku, quantity):
    return {"sku": sku, "picked": quantity}


@app.task(name="warehouse.print_slip")
def print_slip(picked, order_id):
    return f"{order_id}: {len(picked)} positions"


@app.task(name="warehouse.count")
def count(sku):
    return len(sku)


def pack(order_id, lines):
    header = [pick.s(sku, quantity) for sku, quantity in lines]
    chord(header, print_slip.s(order_id)).delay()


def in_stock(sku):
    return count.delay(sku).get(timeout=10)
