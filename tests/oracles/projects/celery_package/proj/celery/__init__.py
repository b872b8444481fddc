"""The Celery app of the project, with its schedule."""

from .app import app
from .schedule import SCHEDULE

app.conf.beat_schedule = SCHEDULE

__all__ = ["app"]
