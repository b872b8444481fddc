from celery import Celery

from settings import Config

app = Celery("replaced", broker="memory://")
app.config_from_object(Config)
app.conf.beat_schedule = {"new": {"task": "app.f", "schedule": 2}}
app.conf.task_routes = {}
app.conf.update(broker_transport_options={"a": 1})
app.conf.broker_transport_options = {"b": 2}
app.conf.task_annotations = None


@app.task
def f():
    return 1
