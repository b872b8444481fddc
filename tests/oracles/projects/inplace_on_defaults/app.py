from celery import Celery

app = Celery("inplace", broker="memory://")
app.conf.broker_transport_options["visibility_timeout"] = 60
app.conf.beat_schedule["x"] = {"task": "app.f", "schedule": 7}
app.conf.accept_content = ["json"]
app.conf.accept_content += ["yaml"]
app.conf.task_routes = {"app.f": {"queue": "a"}}
app.conf.task_routes["app.f"] = {"queue": "b"}
app.conf.task_routes.update({"app.*": {"queue": "c"}})
app.conf.imports = ("os",)
app.conf.imports += ("sys",)


@app.task
def f():
    return 1


@app.task
def g():
    return 1
