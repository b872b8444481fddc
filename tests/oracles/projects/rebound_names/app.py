from celery import Celery

LIMIT = 5
A, B = 1, 2
C, *REST = 3, 4
app = Celery("rebound", broker="memory://")
app.conf.task_time_limit = LIMIT
LIMIT = 6
app.conf.worker_concurrency = B
app.conf.worker_prefetch_multiplier = C
ROUTES = {"app.f": "one"}
app.conf.task_routes = ROUTES
ROUTES["app.g"] = "two"
CONTENT = ["json"]
app.conf.accept_content = CONTENT
CONTENT.append("yaml")
SCHEDULE = {}
app.conf.beat_schedule = SCHEDULE
SCHEDULE["x"] = {"task": "app.f", "schedule": 3, "schedule": 4}


@app.task
def f():
    return 1


@app.task
def g():
    return 1
