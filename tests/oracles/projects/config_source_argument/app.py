from celery import Celery

app = Celery("source", config_source="cfg.prod:SETTINGS", task_track_started=True)


@app.task(typing=False, trail=False)
def f(a, *, b):
    return 1
