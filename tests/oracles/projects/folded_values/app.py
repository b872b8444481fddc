import os
from datetime import timedelta
from pathlib import Path

from celery import Celery
from celery.schedules import crontab, schedule

NAME = "folded"
MODE = "prod"
OPTIONS = {"limit": 30, "queues": ("a", "b")}
app = Celery(f"{NAME}-app", broker="memory://")
app.conf.task_time_limit = OPTIONS["limit"] * 2
app.conf.task_soft_time_limit = OPTIONS.get("soft", 20)
app.conf.task_default_queue = "%s-%s" % (NAME, "q")
app.conf.worker_concurrency = 2**3 - 1
app.conf.worker_prefetch_multiplier = 4 if MODE == "prod" else 1
app.conf.result_expires = 60 * 60.0
app.conf.task_default_priority = -1
app.conf.worker_max_tasks_per_child = int("500")
app.conf.task_track_started = not False
app.conf.task_publish_retry = MODE != "prod"
app.conf.broker_pool_limit = None or 3
app.conf.redis_max_connections = OPTIONS["queues"] and 7
app.conf.task_default_exchange = "{}.{}".format("a", "b")
app.conf.task_default_routing_key = "KEY".lower()
app.conf.worker_max_memory_per_child = 200 * 1_000
app.conf.accept_content = ["json"] + ["yaml"]
app.conf.imports = tuple(OPTIONS["queues"][:0]) + ("os",)
app.conf.task_acks_late = bool("")
app.conf.beat_max_loop_interval = round(4.6)
app.conf.broker_heartbeat = len(OPTIONS["queues"])
app.conf.broker_connection_timeout = max(3, 9)
app.conf.event_queue_ttl = timedelta(seconds=2).total_seconds()
app.conf.beat_schedule_filename = os.path.join("run", "beat")
app.conf.beat_schedule = {
    "a": {"task": "app.f", "schedule": schedule(30)},
    "b": {"task": "app.f", "schedule": timedelta(minutes=1) * 2},
    "c": {"task": "app.f", "schedule": crontab(**{"minute": 5, "hour": "*/4"})},
    "d": {"task": "app.f", "schedule": 1 / 2},
    "e": {"task": "app.f", "schedule": timedelta(hours=1) + timedelta(minutes=5)},
    "f": {"task": "app.f", "schedule": crontab(day_of_week="sat,sun", hour="0,12", minute=0)},
    "g": {"task": "app.f", "schedule": crontab(minute=range(0, 60, 20))},
}


@app.task
def f():
    return 1
