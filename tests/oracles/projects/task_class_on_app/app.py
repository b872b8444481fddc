from celery import Celery, Task


class AppTask(Task):
    acks_late = True
    time_limit = 12
    autoretry_for = (OSError,)

    def on_failure(self, *args, **kwargs):
        pass


app = Celery("taskcls", broker="memory://", task_cls=AppTask)
app.conf.task_soft_time_limit = 3


@app.task
def a(x):
    return x


class Other(app.Task):
    abstract = True
    queue = "other"


def once(func):
    return func


def twice(func):
    def run(*args):
        return func(*args)

    return run


@app.task(base=Other)
@once
def c(x, y):
    return x


@app.task(name="app.b")
@twice
def b(x):
    return x
