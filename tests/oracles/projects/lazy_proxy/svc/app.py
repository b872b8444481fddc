from celery import Celery
from celery.local import Proxy

_app = None


def get_app() -> Celery:
    global _app
    if _app is None:
        _app = Celery("proxy", broker="memory://")
    return _app


app: Celery = Proxy(get_app)
get_app()
