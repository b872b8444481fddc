from pkg.base import shared_task


@shared_task
def cache_crls(serials=None):
    return serials


shared_task = shared_task(acks_late=True)


@shared_task
def generate(serial):
    return serial
