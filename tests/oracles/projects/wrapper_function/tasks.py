from wrappers import logged_task, queued


@logged_task
def bare(a):
    return a


@logged_task(name="w.called", rate_limit="5/m")
def called(a, b=2):
    return a


@queued("slow")
def slow(n):
    return n
