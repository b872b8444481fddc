"""Rules of beat: `crontab` and its fields, and the entries of schedules."""

from . import crontabs, entries

__all__ = ["crontabs", "entries"]
