from celery import Celery

app = Celery("funcs", broker="memory://")
app.conf.worker_concurrency = 2


def configure():
    app.conf.worker_concurrency = 4


def never():
    app.conf.task_time_limit = 9


configure()

if __name__ == "__main__":
    app.conf.task_default_queue = "main"
    app.worker_main()


@app.task
def f():
    return 1
