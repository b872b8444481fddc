from celery import Celery, Task

app = Celery("register", broker="memory://")


class One(Task):
    name = "register.one"
    ignore_result = True

    def run(self, x, y=2):
        return x


class Two(One):
    name = "register.two"
    rate_limit = "2/s"

    def run(self, x, *, y):
        return x


class Three(Two):
    name = "register.three"
    priority = 7


one = app.register_task(One())
app.tasks.register(Two())
three = Three()
app.register_task(three)
