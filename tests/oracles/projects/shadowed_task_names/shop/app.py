from celery import Celery

app = Celery("shadow", broker="memory://")
app.conf.task_routes = [{"shop.a.*": {"queue": "a"}}, {"*.tasks.send": {"queue": "sends"}}]
