from enum import Enum


class TaskName(str, Enum):
    SYNC = "worker.sync"
    CLEAN = "worker.clean"


class Queues:
    SLOW = "slow-queue"


PREFIX = "worker"
REPORT = f"{PREFIX}.report"
