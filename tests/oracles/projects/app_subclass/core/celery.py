from celery import Celery, Task


class TrackedTask(Task):
    track_started = True
    default_retry_delay = 12


class Application(Celery):
    task_cls = TrackedTask

    def gen_task_name(self, name, module):
        return f"core.{name}"


app = Application("core", broker="memory://")
app.conf.task_default_queue = "core"
