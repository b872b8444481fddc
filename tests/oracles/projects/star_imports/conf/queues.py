__all__ = ["task_default_queue"]
task_default_queue = "star"
task_soft_time_limit = 99
