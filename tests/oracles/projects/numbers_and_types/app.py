from celery import Celery

app = Celery("types", broker="memory://")
app.conf.task_always_eager = "False"
app.conf.task_time_limit = 30.0
app.conf.task_soft_time_limit = True
app.conf.worker_prefetch_multiplier = "4"
app.conf.result_expires = None
app.conf.broker_pool_limit = 0
app.conf.accept_content = "json"
app.conf.task_ignore_result = 1
app.conf.broker_url = ["memory://", "memory://other"]
app.conf.task_inherit_parent_priority = not None
app.conf.worker_redirect_stdouts_level = "a" "b"
app.conf.task_publish_retry_policy = {"max_retries": 3, "nested": {"a": [1, 2.5, None]}}


@app.task(max_retries=0, time_limit=1.5, acks_late="yes", priority=None)
def f():
    return 1
