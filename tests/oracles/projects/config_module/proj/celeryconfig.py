from datetime import timedelta

from .constants import HOUR, QUEUE

broker_url = "memory://"
result_backend = None
imports = ("proj.jobs",)
task_default_queue = QUEUE
result_expires = 2 * HOUR
task_track_started = True
broker_connection_retry_on_startup = True
worker_max_tasks_per_child = 1_000
task_annotations = {"*": {"rate_limit": "10/s"}, "proj.jobs.clean": {"time_limit": 60}}
_private = 1
unrelated = timedelta(seconds=3)
