"""Settings of the live shop."""

import os

from .base import *

SECURE_SSL_REDIRECT = True
SESSION_COOKIE_SECURE = True

CELERY_BROKER_URL = os.environ.get("SHOP_BROKER_URL", "rediss://localhost:6380/0")
CELERY_BROKER_USE_SSL = {"ssl_cert_reqs": "required"}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
