from celery import Celery, Task


class ContextTask(Task):
    abstract = True
    max_retries = 2


class IndicoCelery(Celery):
    def task(self, *args, **kwargs):
        kwargs.setdefault("base", ContextTask)
        return super().task(*args, **kwargs)

    def periodic_task(self, *args, **kwargs):
        def decorator(function):
            return self.task(function, *args, **kwargs)

        return decorator


celery = IndicoCelery("own", broker="memory://")
