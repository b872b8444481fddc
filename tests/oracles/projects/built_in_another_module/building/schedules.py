from celery.schedules import crontab

from .names import TASKS


def hourly(task, minute=0):
    return {"task": task, "schedule": crontab(minute=minute)}


def build(extra=None):
    schedule = {}
    for minute, (name, task) in enumerate(TASKS.items()):
        schedule[name] = hourly(task, minute=minute)
    if extra:
        schedule |= extra
    return schedule
