from celery import Celery

app = Celery("scopes", broker="memory://")
task_routes = {"pkg.tasks.a": "decoy"}


class Decoy:
    beat_schedule = {"x": {"task": "nope", "schedule": 1}}


def build():
    app = Celery("inner", broker="memory://", set_as_current=False)
    app.conf.task_default_queue = "inner"
    return None
