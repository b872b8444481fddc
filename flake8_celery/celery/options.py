"""The options of tasks and of calls, and what people write instead of them.

Facts: `celery/app/task.py` (`Task`, `extract_exec_options`, `apply_async`), `celery/app/base.py`
(`_task_from_fun`, `send_task`), `celery/app/amqp.py` and `celery/app/autoretry.py`.
"""

#: Options that `app.task` takes itself; on `shared_task` they become plain attributes.
APP_TASK_ONLY_OPTIONS = frozenset({"filter", "lazy", "shared"})

#: Methods and classes of a task that an option may replace.
HOOKS = frozenset(
    {
        "Request",
        "Strategy",
        "after_return",
        "before_start",
        "on_bound",
        "on_failure",
        "on_replace",
        "on_retry",
        "on_success",
        "shadow_name",
    }
)

#: Options that a publish takes from the task, so that they are valid on a decorator.
PUBLISH_OPTIONS = frozenset(
    {
        "compression",
        "delivery_mode",
        "exchange",
        "expires",
        "immediate",
        "mandatory",
        "priority",
        "queue",
        "routing_key",
        "serializer",
        "soft_time_limit",
        "time_limit",
    }
)

#: Every keyword of a task decorator that Celery reads.
TASK_OPTIONS = (
    frozenset(
        {
            "abstract",
            "acks_late",
            "acks_on_failure",
            "acks_on_failure_or_timeout",
            "acks_on_timeout",
            "autoretry_for",
            "backend",
            "base",
            "bind",
            "default_retry_delay",
            "dont_autoretry_for",
            "ignore_result",
            "max_retries",
            "name",
            "pydantic",
            "pydantic_context",
            "pydantic_dump_kwargs",
            "pydantic_strict",
            "rate_limit",
            "reject_on_worker_lost",
            "resultrepr_maxsize",
            "retry_backoff",
            "retry_backoff_max",
            "retry_jitter",
            "retry_kwargs",
            "retry_on_worker_lost",
            "send_events",
            "store_eager_result",
            "store_errors_even_if_ignored",
            "throws",
            "track_started",
            "trail",
            "typing",
        }
    )
    | APP_TASK_ONLY_OPTIONS
    | HOOKS
    | PUBLISH_OPTIONS
)

_CONFUSED_BY_RIGHT = {
    "acks_late": "ack_late acks_lates late_ack late_acks task_acks_late",
    "autoretry_for": "auto_retry_for autoretry autoretry_on retry_exceptions retry_for retry_on",
    "base": "base_class cls",
    "bind": "bound is_bound",
    "default_retry_delay": "delay retry_countdown retry_delay retry_interval",
    "expires": "expire ttl",
    "ignore_result": "ignore_results store_result",
    "max_retries": "max_retry max_tries num_retries retries retry_count retry_limit",
    "name": "task_name",
    "rate_limit": "rate_limits ratelimit throttle",
    "reject_on_worker_lost": "reject_on_worker_loss",
    "retry_backoff": "backoff backoff_factor exponential_backoff",
    "retry_backoff_max": "backoff_max max_backoff retry_max_delay",
    "retry_jitter": "jitter",
    "soft_time_limit": "soft_limit soft_timeout task_soft_time_limit",
    "time_limit": "hard_time_limit hard_timeout task_time_limit timelimit timeout",
    "track_started": "track_start",
}

#: What people write on a decorator -> the option they mean.
CONFUSABLE: dict[str, str] = {
    wrong: right for right, wrongs in _CONFUSED_BY_RIGHT.items() for wrong in wrongs.split()
}

#: Options of `apply_async` that have no effect on a decorator.
CALL_OPTIONS_ON_DECORATOR = frozenset(
    {
        "add_to_parent",
        "args",
        "chain",
        "chord",
        "connection",
        "countdown",
        "eta",
        "exchange_type",
        "group_id",
        "headers",
        "kwargs",
        "link",
        "link_error",
        "parent_id",
        "producer",
        "retry",
        "retry_policy",
        "root_id",
        "shadow",
        "task_id",
    }
)

#: What `apply_async`, `send_task`, `signature` and `Task.retry` hand on to Celery, kombu or the
#: broker. A key that a literal `stamped_headers` lists is allowed as well.
EXECUTION_OPTIONS = PUBLISH_OPTIONS | frozenset(
    {
        "DelaySeconds",
        "MessageDeduplicationId",
        "MessageGroupId",
        "add_to_parent",
        "app_id",
        "argsrepr",
        "chain",
        "chord",
        "cluster_id",
        "confirm_timeout",
        "connection",
        "content_encoding",
        "content_type",
        "correlation_id",
        "countdown",
        "declare",
        "delay_seconds",
        "eta",
        "event_dispatcher",
        "exchange_type",
        "expiration",
        "group_id",
        "group_index",
        "headers",
        "ignore_result",
        "kwargsrepr",
        "link",
        "link_error",
        "message_attributes",
        "message_id",
        "now",
        "origin",
        "parent_id",
        "producer",
        "publisher",
        "replaced_task_nesting",
        "reply_to",
        "result_cls",
        "retries",
        "retry",
        "retry_policy",
        "root_id",
        "route_name",
        "router",
        "shadow",
        "stamped_headers",
        "task_id",
        "task_type",
        "timeout",
        "timestamp",
        "timezone",
        "type",
        "user_id",
    }
)

#: What only `Task.apply`, the call without a worker, takes.
EAGER_OPTIONS = frozenset({"logfile", "loglevel", "throw"})

_CONFUSED_EXECUTION_BY_RIGHT = {
    "countdown": "count_down delay wait",
    "eta": "run_at schedule_at",
    "expires": "expire expire_seconds expires_in ttl",
    "headers": "header",
    "ignore_result": "ignore_results",
    "link": "callback on_success",
    "link_error": "errback error_callback link_err on_error on_failure",
    "priority": "prio",
    "queue": "queue_name queues",
    "routing_key": "route_key routing_keys",
    "soft_time_limit": "soft_limit soft_timeout",
    "task_id": "id taskid",
    "time_limit": "hard_time_limit hard_timeout timelimit",
}

#: What people write in a call's options -> the option they mean.
CONFUSED_EXECUTION_OPTIONS: dict[str, str] = {
    wrong: right
    for right, wrongs in _CONFUSED_EXECUTION_BY_RIGHT.items()
    for wrong in wrongs.split()
}

#: Task option -> the setting that holds when the option is None: `Task.from_config`.  Before 5.7
#: the limits of time are not in it: the worker's pool applies the settings where a task has none,
#: which comes to the same.
CONFIG_BACKED: dict[str, str] = {
    "acks_late": "task_acks_late",
    "acks_on_failure": "task_acks_on_failure",
    "acks_on_failure_or_timeout": "task_acks_on_failure_or_timeout",
    "acks_on_timeout": "task_acks_on_timeout",
    "ignore_result": "task_ignore_result",
    "priority": "task_default_priority",
    "rate_limit": "task_default_rate_limit",
    "reject_on_worker_lost": "task_reject_on_worker_lost",
    "retry_on_worker_lost": "task_retry_on_worker_lost",
    "serializer": "task_serializer",
    "soft_time_limit": "task_soft_time_limit",
    "store_eager_result": "task_store_eager_result",
    "store_errors_even_if_ignored": "task_store_errors_even_if_ignored",
    "time_limit": "task_time_limit",
    "track_started": "task_track_started",
}

#: Task options that a well-known extension reads.
PLUGIN_OPTIONS = frozenset(
    {
        "flush_every",  # celery-batches
        "flush_interval",
        "lock_expiry",  # celery-singleton
        "once",  # celery-once
        "raise_on_duplicate",
        "unique_on",
    }
)
