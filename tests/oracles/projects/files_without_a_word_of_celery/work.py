import jobs
from jobs import quick


@jobs.job()
def one(a):
    return a


@jobs.job(queue="two", time_limit=2)
def two(a, b=None):
    return a


@quick
def three():
    return 3
