"""Settings that every environment shares."""

import os
from datetime import timedelta
from pathlib import Path

from celery.schedules import crontab
from kombu import Queue

from shop.constants import (
    QUEUE_MAILS,
    QUEUE_ORDERS,
    QUEUE_REPORTS,
    TASK_DAILY_SALES,
    TASK_STOCK_ALERTS,
)

BASE_DIR = Path(__file__).resolve().parent.parent.parent

SECRET_KEY = os.environ.get("SHOP_SECRET_KEY", "insecure-development-key")
DEBUG = False
ALLOWED_HOSTS = ["shop.example"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "orders.OrdersConfig",
    "catalogue",
    "mails",
    "reports",
]

ROOT_URLCONF = "orders.views"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DEFAULT_FROM_EMAIL = "hello@shop.example"
TIME_ZONE = "Europe/Berlin"
USE_TZ = True

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE_DIR / "shop.sqlite3",
    }
}

CELERY_BROKER_URL = os.environ.get("SHOP_BROKER_URL", "redis://localhost:6379/0")
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 4 * 60 * 60,
    "confirm_publish": True,  # error: [CEL364]
}
CELERY_RESULT_BACKEND = os.environ.get("SHOP_RESULT_URL", "redis://localhost:6379/1")
CELERY_RESULT_SERIALIZER = "pickle"  # error: [CEL001]
CELERY_RESULT_EXPIRE = 6 * 60 * 60  # error: [CEL330]
CELERY_ACCEPT_CONTENT = ["json", "pickle"]  # error: [CEL002]

CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_TIME_LIMIT = 10 * 60
CELERY_TASK_SEND_SENT_EVENT = os.environ.get("SHOP_SENT_EVENTS", "0")  # error: [CEL338]
WORKER_MAX_TASKS_PER_CHILD = 200  # error: [CEL331]

CELERY_TASK_QUEUES = [  # error: [CEL400]
    Queue(QUEUE_ORDERS),
    Queue(QUEUE_MAILS),
    Queue(QUEUE_REPORTS),
]
CELERY_TASK_ROUTES = {
    "orders.tasks.*": {"queue": QUEUE_ORDERS},
    "mails.task.*": {"queue": QUEUE_MAILS},  # error: [CEL407]
    "reports.tasks.*": {"queue": QUEUE_REPORTS},
}

CELERY_BEAT_SCHEDULE = {
    "expire-carts": {  # error: [CEL518]
        "task": "orders.tasks.expire_carts",
        "schedule": timedelta(minutes=15),
    },
    "close-orders": {
        "task": "orders.tasks.close_orders",
        "schedule": crontab(hour=3),  # error: [CEL500]
        "options": {"expires": 60},
    },
    "stock-alerts": {
        "task": TASK_STOCK_ALERTS,
        "schedule": crontab(minute=0, hour="*/6"),
        "options": {"expires": 3600},
    },
    "stock-alerts-before-work": {  # error: [CEL522]
        "task": TASK_STOCK_ALERTS,
        "schedule": crontab(minute=0, hour=6),
        "options": {"expires": 3600},
    },
    "refresh-prices": {
        "task": "catalogue.tasks.refresh_prices",
        "schedule": crontab(minute=20, hour="*/4"),
        "args": (["EUR", "USD"], "ecb"),  # error: [CEL515]
        "options": {"expires": 3600},
    },
    "feed-import": {
        "task": "catalogue.tasks.import_feed",
        "schedule": timedelta(days=1),  # error: [CEL525]
        "options": {"expires": 3600},
    },
    "sales-of-yesterday": {
        "task": TASK_DAILY_SALES,  # error: [CEL514]
        "schedule": crontab(minute=5, hour=1),
        "options": {"expires": 3600},
    },
    "newsletter-digest": {
        "task": "mails.tasks.send_digest",
        "schedule": "30 7 * * 1",  # error: [CEL501]
        "options": {"expires": 3600},
    },
    "ledger": {
        "task": "reports.tasks.write_ledger",
        "schedule": crontab(*"0 6 1 * *".split()),  # error: [CEL503]
        "options": {"expires": 3600},
    },
    "top-sellers": {
        "task": "reports.tasks.top_sellers",
        "schedule": crontab(minute=40, hour=5),
        "queue": QUEUE_REPORTS,  # error: [CEL513]
        "options": {"expires": 3600},
    },
}
