from celery import Celery
from celery.schedules import crontab

SITES = ("berlin", "paris", "rome")


def build_schedule():
    """One entry a site."""
    schedule = {}
    for number, site in enumerate(SITES):
        schedule[f"sync-{site}"] = {
            "task": "app.f",
            "schedule": crontab(hour=number, minute=15 * number),
            "args": (site,),
        }
    return schedule


app = Celery("loop", broker="memory://")
app.conf.beat_schedule = build_schedule()


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
