"""The shop's pages that start background work."""

from datetime import datetime, timedelta

from django.http import JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import path

from catalogue.tasks import rebuild_index, refresh_prices, warm_cache
from mails.tasks import send_reminder
from reports.tasks import build_invoice, export_sales

from . import services
from .models import Order
from .tasks import expire_carts, print_label


def checkout(request, pk):
    order = get_object_or_404(Order, pk=pk, state=Order.State.CART)
    services.place_order(order)
    send_reminder.delay(order.pk, countdown=3600)  # error: [CEL222]
    return JsonResponse({"order": order.pk, "shipping": services.shipping_price(order)})


def label(request, pk):
    order = get_object_or_404(Order, pk=pk)
    print_label.delay(order)  # error: [CEL200]
    return JsonResponse({"order": pk})


def invoice(request, pk):
    build_invoice.si(pk)  # error: [CEL234]
    return JsonResponse({"order": pk})


def prices(request):
    refresh_prices.delay({"EUR", "USD"})  # error: [CEL204]
    warm_cache.delay()
    return JsonResponse({"state": "started"})


def maintenance(request):
    expire_carts.delay()
    rebuild_index.apply_async(expires=datetime.now() + timedelta(hours=1))  # noqa: CEL226
    export_sales.delay(request.GET.get("day"))
    return JsonResponse({"state": "started"})


urlpatterns = [
    path("orders/<int:pk>/checkout/", checkout),
    path("orders/<int:pk>/label/", label),
    path("orders/<int:pk>/invoice/", invoice),
    path("prices/", prices),
    path("maintenance/", maintenance),
]
