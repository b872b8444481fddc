class Config:
    beat_schedule = {"old": {"task": "app.f", "schedule": 1}}
    task_routes = {"app.f": "old"}
    task_annotations = {"*": {"rate_limit": "1/s"}}
    broker_transport_options = {"c": 3}
