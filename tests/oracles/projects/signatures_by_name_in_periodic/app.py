from celery import Celery, signature
from celery.schedules import crontab

app = Celery("bysig", broker="memory://")


@app.task(name="bysig.f")
def f(n=0):
    return n


@app.on_after_finalize.connect
def setup(sender, **_):
    sender.add_periodic_task(crontab(), app.signature("bysig.f", args=(1,)), name="by-name")
    sender.add_periodic_task(9, signature("bysig.f", kwargs={"n": 3}, app=app), name="function")
    sender.add_periodic_task(11.5, f.signature((4,), immutable=True), name="method")
    sender.add_periodic_task(schedule=12, sig=f.s(), args=(5,), kwargs={}, name="keywords")
    sender.add_periodic_task(13, f.subtask((6,)), queue="six", name="subtask")
