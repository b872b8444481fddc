from celery import Celery

app = Celery("twice", broker="memory://")
app.config_from_object({"task_time_limit": 10, "task_default_queue": "old"})
app.config_from_object({"task_soft_time_limit": 5})


@app.task
def f(x=1.5, y="a", z=(1, 2), w=None):
    return 1
