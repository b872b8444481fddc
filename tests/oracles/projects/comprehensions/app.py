from celery import Celery
from celery.schedules import crontab

SITES = ("a", "b")

app = Celery("compr", broker="memory://")
app.conf.beat_schedule = {
    f"sync-{site}": {"task": "app.f", "schedule": crontab(minute=5), "args": (site,)}
    for site in SITES
}
app.conf.task_routes = {name: {"queue": "c"} for name in ["app.f", "app.g"]}
app.conf.accept_content = [kind for kind in ("json", "yaml")]


@app.task
def f(site=None):
    return site
