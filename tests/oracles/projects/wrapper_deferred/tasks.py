from deco import task_or_options


@task_or_options
def bare(x):
    return x


@task_or_options(queue="q", acks_late=False)
def called(x, y):
    return x
