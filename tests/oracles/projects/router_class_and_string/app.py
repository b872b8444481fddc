from celery import Celery

app = Celery("routerclass", broker="memory://")
app.conf.task_routes = ["routers.Router", {"app.*": {"queue": "later"}}]


@app.task
def f():
    return 1


@app.task
def g():
    return 1
