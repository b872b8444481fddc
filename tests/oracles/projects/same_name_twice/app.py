from celery import Celery

app = Celery("twice", broker="memory://")


@app.task(name="twice.go", queue="first")
def first(a):
    return a


@app.task(name="twice.alone")
def alone():
    return 1
