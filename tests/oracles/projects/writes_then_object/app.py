from celery import Celery

app = Celery("order", broker="memory://")
app.conf.update(task_time_limit=5)
app.conf.result_expires = 11


class Config:
    task_time_limit = 9
    result_expires = 22
    task_track_started = True


app.config_from_object(Config)


@app.task
def f():
    return 1
