SECRET_KEY = "x"
USE_TZ = True
INSTALLED_APPS = ["users", "orders.apps.OrdersConfig"]
CELERY_BROKER_URL = "memory://"
CELERY_TASK_ROUTES = {"users.*": {"queue": "users"}, "orders.tasks.ship": "shipping"}
