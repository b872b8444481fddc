from celery import Celery

app = Celery("onconf", broker="memory://")
app.conf.task_time_limit = 1


@app.on_configure.connect
def configure(sender, **kwargs):
    sender.conf.task_time_limit = 2
    sender.conf.update(task_default_queue="configured")


@app.on_after_configure.connect
def after(sender, **kwargs):
    sender.conf.result_expires = 3


@app.task
def f():
    return 1
