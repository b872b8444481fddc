class BaseConfig:
    broker_url = "memory://"
    task_acks_late = True
    task_reject_on_worker_lost = True
    worker_prefetch_multiplier = 4


class WorkerConfig(BaseConfig):
    worker_prefetch_multiplier = 1
    task_time_limit = 60
    task_default_priority = 5
    include = ["svc.tasks"]
