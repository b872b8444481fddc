"""Settings of the live shop."""

from .base import *

SECURE_SSL_REDIRECT = True
SESSION_COOKIE_SECURE = True

CELERY_BROKER_URL = "rediss://shop:vK7pQ2mXw9@queue.shop.example:6380/0"  # error: [CEL700]
CELERY_BROKER_USE_SSL = True  # error: [CEL704]
CELERY_WORKER_PREFETCH_MULTIPLIER = 0  # error: [CEL440]
