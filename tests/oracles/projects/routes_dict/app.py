from celery import Celery

app = Celery("routes", broker="memory://", include=["feed.tasks", "web.tasks"])
app.conf.task_default_queue = "default"
app.conf.task_routes = {
    "feed.tasks.*": {"queue": "feeds", "routing_key": "feed.import"},
    "feed.tasks.urgent": {"queue": "urgent"},
    "web.*.ping": "pings",
    "web.*": {"priority": 3},
}
