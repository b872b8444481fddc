from ..app import app as queue


@queue.task
def send(to, body):
    return to


@queue.task(name="", rate_limit=None)
def unnamed(x=None, *, y=-1, z="it's"):
    return x


