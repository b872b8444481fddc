from celery import Celery
from celery.schedules import crontab

SITES = ("a", "b")


def build_schedule():
    schedule = {"one": {"task": "app.f", "schedule": 5}}
    schedule["two"] = {"task": "app.f", "schedule": crontab(minute=1)}
    return schedule


def routes():
    return {"app.f": {"queue": "built"}}


app = Celery("build", broker="memory://")
app.conf.beat_schedule = build_schedule()
app.conf.task_routes = routes()


@app.task
def f(site=None):
    return site
