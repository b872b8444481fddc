from celery import Celery

app = Celery("routelist", broker="memory://")
app.conf.task_routes = (
    [
        ("app.*_video", {"queue": "video"}),
        ("app.encode_video", {"queue": "encode"}),
        ("app.image", {"queue": "image", "priority": 2}),
    ],
    {"app.*": {"queue": "rest"}},
)


@app.task
def encode_video():
    return 1


@app.task
def cut_video():
    return 1


@app.task
def image():
    return 1


@app.task
def sound():
    return 1
