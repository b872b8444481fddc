"""Rules of retries: which errors a task retries, how often, and what `retry` is given."""

from . import calls, errors, missing, options, swallowed

__all__ = ["calls", "errors", "missing", "options", "swallowed"]
