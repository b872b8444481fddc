from celery import Celery

app = Celery("loops", broker="memory://")
for key, value in {"task_time_limit": 4, "task_soft_time_limit": 3}.items():
    app.conf[key] = value

for key in ("worker_concurrency",):
    setattr(app.conf, key, 6)

SCHEDULE = {}
for site in ("a", "b"):
    SCHEDULE[f"s-{site}"] = {"task": "app.f", "schedule": 5, "args": (site,)}
app.conf.beat_schedule = SCHEDULE


@app.task
def f():
    return 1
