"""Settings that every environment shares."""

import os
from datetime import timedelta
from pathlib import Path

from celery.schedules import crontab
from kombu import Queue

from shop.constants import (
    QUEUE_DEFAULT,
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
}
CELERY_RESULT_BACKEND = os.environ.get("SHOP_RESULT_URL", "redis://localhost:6379/1")
CELERY_RESULT_SERIALIZER = "json"
CELERY_RESULT_EXPIRES = 6 * 60 * 60
CELERY_ACCEPT_CONTENT = ["json"]

CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_TIME_LIMIT = 10 * 60
CELERY_TASK_SEND_SENT_EVENT = os.environ.get("SHOP_SENT_EVENTS", "0") == "1"
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200

CELERY_TASK_DEFAULT_QUEUE = QUEUE_DEFAULT
CELERY_TASK_QUEUES = [
    Queue(QUEUE_DEFAULT),
    Queue(QUEUE_ORDERS),
    Queue(QUEUE_MAILS),
    Queue(QUEUE_REPORTS),
]
CELERY_TASK_ROUTES = {
    "orders.tasks.*": {"queue": QUEUE_ORDERS},
    "mails.tasks.*": {"queue": QUEUE_MAILS},
    "reports.tasks.*": {"queue": QUEUE_REPORTS},
}

CELERY_BEAT_SCHEDULE = {
    "expire-carts": {
        "task": "orders.tasks.expire_carts",
        "schedule": timedelta(minutes=15),
        "options": {"expires": 600},
    },
    "close-orders": {
        "task": "orders.tasks.close_orders",
        "schedule": crontab(minute=0, hour=3),
        "options": {"expires": 3600},
    },
    "stock-alerts": {
        "task": TASK_STOCK_ALERTS,
        "schedule": crontab(minute=0, hour="*/6"),
        "options": {"expires": 3600},
    },
    "refresh-prices": {
        "task": "catalogue.tasks.refresh_prices",
        "schedule": crontab(minute=20, hour="*/4"),
        "args": (["EUR", "USD"],),
        "options": {"expires": 3600},
    },
    "feed-import": {
        "task": "catalogue.tasks.import_feed",
        "schedule": crontab(minute=30, hour=2),
        "options": {"expires": 3600},
    },
    "sales-of-yesterday": {
        "task": TASK_DAILY_SALES,
        "schedule": crontab(minute=5, hour=1),
        "options": {"expires": 3600},
    },
    "newsletter-digest": {
        "task": "mails.tasks.send_digest",
        "schedule": crontab(minute=30, hour=7, day_of_week=1),
        "options": {"expires": 3600},
    },
    "ledger": {
        "task": "reports.tasks.write_ledger",
        "schedule": crontab(minute=0, hour=6, day_of_month=1),
        "options": {"expires": 3600},
    },
    "top-sellers": {
        "task": "reports.tasks.top_sellers",
        "schedule": crontab(minute=40, hour=5),
        "options": {"expires": 3600, "queue": QUEUE_REPORTS},
    },
}
