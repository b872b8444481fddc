from celery import shared_task


@shared_task(name="orders.tasks.ship")
def ship(order, carrier="dhl"):
    return order
