from celery import Celery
from kombu import Queue

app = Celery("queuedict", broker="memory://")
FAST = Queue("fast", routing_key="fast.#")
app.conf.task_queues = [FAST, Queue("slow")]
app.conf.task_routes = {"app.a": {"queue": FAST}, "app.b": {"queue": "slow"}, "app.*": None and {}}
app.conf.task_default_queue = "slow"
app.conf.task_routes = {"app.a": {"queue": "fast"}, "app.b": {"queue": "slow"}}


@app.task
def a():
    return 1


@app.task
def b():
    return 1


@app.task(queue=FAST)
def c():
    return 1
