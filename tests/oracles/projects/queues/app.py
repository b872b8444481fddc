from celery import Celery
from kombu import Exchange, Queue

app = Celery("queues", broker="memory://")
media = Exchange("media", type="direct")
app.conf.task_queues = (
    Queue("default", Exchange("default"), routing_key="default"),
    Queue("videos", media, routing_key="media.video", queue_arguments={"x-max-priority": 10}),
    Queue("images", media, routing_key="media.image"),
)
app.conf.task_default_queue = "default"
app.conf.task_default_exchange = "default"
app.conf.task_default_routing_key = "default"
app.conf.task_create_missing_queues = False
app.conf.task_routes = {"app.video": {"queue": "videos"}}


@app.task
def video():
    return 1


@app.task(queue="images", routing_key="media.image")
def image():
    return 1


@app.task
def text():
    return 1
