DEFAULTS = {"acks_late": True, "rate_limit": "3/s"}
RETRY = dict(max_retries=3, default_retry_delay=60 * 5)


class Limits:
    HARD = 60
