from celery import Celery
from celery.schedules import crontab

def entry(task, minutes, **options):
    return {"task": f"app.{task}", "schedule": minutes * 60, "options": options}


app = Celery("arguments", broker="memory://")
app.conf.beat_schedule = {
    "a": entry("f", 5),
    "b": entry("g", minutes=10, queue="b", priority=3),
}


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
