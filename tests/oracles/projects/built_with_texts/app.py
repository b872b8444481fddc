from celery import Celery
from celery.schedules import crontab

def url(host, port=6379, *, database=0, options=()):
    text = "redis://{}:{}/{}".format(host, port, database)
    for name, value in options:
        text += f"&{name}={value}"
    return text.replace("&", "?", 1)


app = Celery("texts")
app.conf.result_backend = url("cache", database=2, options=[("a", 1), ("b", 2)])


@app.task
def f(*args, **kwargs):
    pass


@app.task
def g():
    pass
