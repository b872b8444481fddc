broker_url = "memory://"
task_routes = {"app.f": {"queue": "common"}}
beat_schedule = {"a": {"task": "app.f", "schedule": 1}}
task_time_limit = 1
