from celery import Celery
from celery.schedules import crontab

app = Celery("periodic", broker="memory://")


@app.on_after_configure.connect
def setup(sender, **kwargs):
    sender.add_periodic_task(10.0, hello.s("every 10"), name="ten")
    sender.add_periodic_task(30.0, hello.s("world"), expires=10)
    sender.add_periodic_task(crontab(hour=7, minute=30, day_of_week=1), hello.si("monday"))
    sender.add_periodic_task(60.0, plain, name="plain", queue="q")
    sender.add_periodic_task(90.0, hello.s("x", times=2).set(priority=4), name="set")


@app.task
def hello(text, times=1):
    return text


@app.task
def plain():
    return 1


app.add_periodic_task(3600, plain.s(), name="module-level")
