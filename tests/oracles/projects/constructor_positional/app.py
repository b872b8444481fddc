import celery

worker = celery.Celery("positional", None, "cache+memory://", broker="memory://", changes={"task_time_limit": 4})


class Cfg:
    task_soft_time_limit = 2


worker.config_from_object("app:Cfg")


@worker.task(serializer="json", compression="zlib", priority=0, expires=30)
def f():
    return 1
