from .parts import BROKER, queue_for

SETTINGS = dict(broker_url=BROKER, task_default_queue=queue_for("main"))
SETTINGS["task_track_started"] = False
SETTINGS.setdefault("task_time_limit", 45)
SETTINGS.setdefault("broker_url", "memory://other")
