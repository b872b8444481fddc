from celery import Celery

app = Celery("front", broker="memory://")
app.conf.task_routes = {"front.worker.*": {"queue": "front"}}


@app.task
def render(page):
    return page
