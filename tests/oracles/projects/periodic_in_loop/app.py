from celery import Celery

app = Celery("loop", broker="memory://")


@app.task
def f(n):
    return n


@app.on_after_configure.connect
def setup(sender, **kwargs):
    for n in (1, 2):
        sender.add_periodic_task(10.0 * n, f.s(n), name=f"every-{n}")


def register(sender, **kwargs):
    sender.add_periodic_task(99.0, f.s(3), name="connected")


app.on_after_finalize.connect(register)
