class Settings:
    broker_url = "memory://"
    task_time_limit = 10

    def __init__(self):
        self.task_time_limit = 20
        self.task_default_queue = "inst"
