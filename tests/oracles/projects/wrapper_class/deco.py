from celery import shared_task


class instrumented_task:
    def __init__(self, name, queue=None, **options):
        self.name = name
        self.queue = queue
        self.options = options

    def __call__(self, func):
        return shared_task(name=self.name, queue=self.queue, **self.options)(func)
