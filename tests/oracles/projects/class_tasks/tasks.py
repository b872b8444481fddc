import celery

from app import app


class BaseTask(celery.Task):
    max_retries = 4
    soft_time_limit = 33


class Import(BaseTask):
    name = "classes.import"
    queue = "imports"

    def run(self, source, limit=10):
        return source


class Export(BaseTask):
    acks_late = True

    def run(self, target):
        return target


import_task = app.register_task(Import())
export_task = app.register_task(Export())


@app.task(base=BaseTask)
def small(x):
    return x


@app.task(base=BaseTask, bind=True, max_retries=None, soft_time_limit=None)
def forever(self, x):
    return x
