broker_url = "memory://"
task_default_queue = "from-env"
worker_send_task_events = True
