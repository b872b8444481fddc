from celery import Celery

app = Celery("worker")
app.conf.broker_url = "memory://"
app.conf["result_backend"] = "cache+memory://"
app.conf.update(
    {"task_time_limit": 300, "task_soft_time_limit": 240},
    worker_concurrency=4,
    task_soft_time_limit=200,
)
app.conf.task_default_queue = "first"
app.conf.task_default_queue = "second"
app.conf.task_serializer = "json"
app.conf.accept_content = ["json"]
app.conf.broker_transport_options = {"visibility_timeout": 3600 * 4}
app.conf.update(enable_utc=True, timezone="Europe/Madrid")


@app.task
def add(x, y):
    return x + y


@app.task(time_limit=20, queue="fast")
def quick(x):
    return x
