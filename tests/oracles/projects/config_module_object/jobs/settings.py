broker_url = "memory://"
task_default_queue = "jobs"
task_compression = "gzip"

task_publish_retry = False

for _name in ("a", "b"):
    pass
