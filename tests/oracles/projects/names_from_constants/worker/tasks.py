from . import names
from .app import app
from .names import REPORT, Queues, TaskName


@app.task(name=TaskName.SYNC.value, queue=Queues.SLOW)
def sync(user):
    return user


@app.task(name=TaskName.CLEAN)
def clean():
    return 1


@app.task(name=REPORT)
def report(kind):
    return kind


@app.task(name=names.PREFIX + ".total")
def total():
    return 0
