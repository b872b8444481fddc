import celery

capp = celery.Celery("pkg")
conf = capp.conf
conf.broker_url = "memory://"
conf.update({"task_default_queue": "pkg", "task_ignore_result": True})
