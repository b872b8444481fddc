class Common:
    broker_url = "memory://"
    task_acks_late = True
    task_routes = {"conf_classes.app.*": {"queue": "common"}}


class Retry:
    broker_transport_options = {"visibility_timeout": 60}
    task_acks_late = False


class Production(Retry, Common):
    worker_concurrency = 16
    task_routes = {**Common.task_routes, "conf_classes.app.b": {"queue": "b"}}
