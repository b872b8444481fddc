from deco import simple_task


@simple_task()
def plain_one(x):
    return x


@simple_task(queue="other", time_limit=4)
def other(x, y=1):
    return x
