from deco import job_task


@job_task
def bare(x):
    return x


@job_task(queue="q", acks_late=False)
def called(x, y):
    return x
