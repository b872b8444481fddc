from .common import *
from .queues import *

beat_schedule["b"] = {"task": "app.f", "schedule": 2}
task_routes.update({"app.*": {"queue": "live"}})
task_time_limit *= 60
