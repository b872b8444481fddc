from celery import Celery


def route_task(name, args, kwargs, options, task=None, **kw):
    if name.startswith("app.s"):
        return {"queue": "s"}
    return None


app = Celery("routefn", broker="memory://", task_default_queue="d")
app.conf.task_routes = ({"app.first": {"queue": "first"}}, route_task)


@app.task
def first():
    return 1


@app.task
def second():
    return 1


@app.task
def other():
    return 1


@app.task(queue="mine")
def mine():
    return 1
