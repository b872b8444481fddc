from celery import Celery
from celery.schedules import crontab

def every(kind):
    if kind == "often":
        return 5.0
    if kind in ("rarely", "seldom"):
        return crontab(hour=0, minute=0)
    raise ValueError(kind)


def first(names, wanted):
    for name in names:
        if name.startswith(wanted):
            break
    else:
        return None
    return name


app = Celery("early", broker="memory://")
app.conf.beat_schedule = {
    "a": {"task": "app.f", "schedule": every("often")},
    "b": {"task": "app.g", "schedule": every("seldom")},
}
app.conf.task_default_queue = first(["low", "high", "higher"], "hi")


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
