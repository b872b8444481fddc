from ext import Extensions, ext


@ext.celery.task
def one(x):
    return x


@Extensions.celery.task(name="jobs.second")
def two(x):
    return x
