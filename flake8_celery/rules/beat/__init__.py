"""Rules of beat: `crontab` and its fields, the entries of schedules, and who adds them."""

from . import crontab_values, crontabs, entries, late_handlers, options, schedules, together

__all__ = [
    "crontab_values",
    "crontabs",
    "entries",
    "late_handlers",
    "options",
    "schedules",
    "together",
]
