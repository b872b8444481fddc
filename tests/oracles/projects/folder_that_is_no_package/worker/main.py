from celery import Celery

app = Celery("worker", broker="memory://", include=["worker.main"])
app.conf.task_routes = {"worker.main.heavy": {"queue": "heavy"}, "worker.*": {"queue": "light"}}


@app.task
def heavy():
    pass


@app.task
def quick():
    pass
