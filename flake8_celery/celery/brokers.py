"""Brokers and result backends: which one a URL names, and what each of them reads and can do.

Facts: `kombu/transport/__init__.py`, `kombu/connection.py` and the modules of `kombu.transport`;
`celery/app/backends.py` and the modules of `celery.backends`.
"""

#: Scheme -> kind, for the schemes of `kombu.transport.TRANSPORT_ALIASES`.
BROKER_SCHEMES: dict[str, str] = {
    "SLMQ": "slmq",
    "SQS": "sqs",
    "amqp": "rabbitmq",
    "amqps": "rabbitmq",
    "azureservicebus": "azureservicebus",
    "azurestoragequeues": "azurestoragequeues",
    "confluentkafka": "kafka",
    "consul": "consul",
    "etcd": "etcd",
    "filesystem": "filesystem",
    "gcpubsub": "gcpubsub",
    "kafka": "kafka",
    "librabbitmq": "rabbitmq",
    "memory": "memory",
    "mongodb": "mongodb",
    "pgmq": "pgmq",
    "pyamqp": "rabbitmq",
    "pyro": "pyro",
    "qpid": "qpid",
    "redis": "redis",
    "rediss": "redis",
    "sentinel": "redis",
    "slmq": "slmq",
    "sqla": "sqlalchemy",
    "sqlalchemy": "sqlalchemy",
    "sqs": "sqs",
    "zookeeper": "zookeeper",
}

#: Scheme -> kind, for `celery.app.backends.BACKEND_ALIASES`. Case matters, other than in a broker.
BACKEND_SCHEMES: dict[str, str] = {
    "arangodb": "arangodb",
    "azureblockblob": "azureblockblob",
    "cache": "cache",
    "cassandra": "cassandra",
    "consul": "consul",
    "cosmosdbsql": "cosmosdbsql",
    "couchbase": "couchbase",
    "couchdb": "couchdb",
    "database": "database",
    "db": "database",
    "disabled": "disabled",
    "dynamodb": "dynamodb",
    "elasticsearch": "elasticsearch",
    "file": "file",
    "gs": "gs",
    "mongodb": "mongodb",
    "redis": "redis",
    "rediss": "redis",
    "riak": "riak",
    "rpc": "rpc",
    "s3": "s3",
    "sentinel": "redis",
}

#: Backends that django-celery-results registers.
EXTENSION_BACKENDS = frozenset({"django-cache", "django-db"})

#: Broker kind -> the seconds after which it delivers an unacknowledged message again, by default.
VISIBILITY_TIMEOUTS: dict[str, int] = {"pgmq": 1800, "redis": 3600, "slmq": 1800, "sqs": 1800}

#: The largest visibility timeout, in seconds, that SQS accepts.
SQS_LARGEST_VISIBILITY_TIMEOUT = 43200

#: Brokers with which the lowest number goes first; with the others that know priorities it is last.
LOWEST_PRIORITY_FIRST = frozenset({"redis"})

#: Brokers that ignore the priority of a message, as the headers of their modules say.
WITHOUT_PRIORITY = frozenset(
    {"filesystem", "gcpubsub", "kafka", "memory", "pyro", "slmq", "sqlalchemy", "sqs"}
)

#: Read by `Connection._extract_failover_opts`, whatever the broker.
_FAILOVER_OPTIONS = frozenset(
    {
        "callback",
        "connect_retries_timeout",
        "errback",
        "interval_max",
        "interval_start",
        "interval_step",
        "max_retries",
    }
)

_VIRTUAL_OPTIONS = _FAILOVER_OPTIONS | {"body_encoding", "deadletter_queue", "polling_interval"}

_REDIS_OPTIONS = _VIRTUAL_OPTIONS | {
    "ack_emulation",
    "client_name",
    "fanout_patterns",
    "fanout_prefix",
    "global_keyprefix",
    "health_check_interval",
    "max_connections",
    "priority_steps",
    "queue_order_strategy",
    "reauth_check_interval",
    "retry_on_timeout",
    "sep",
    "socket_connect_timeout",
    "socket_keepalive",
    "socket_keepalive_options",
    "socket_timeout",
    "unacked_index_key",
    "unacked_key",
    "unacked_mutex_expire",
    "unacked_mutex_key",
    "unacked_restore_interval",
    "unacked_restore_limit",
    "unacked_restore_throttle",
    "visibility_timeout",
}

_SENTINEL_ONLY = frozenset(
    {"master_name", "min_other_sentinels", "sentinel_fanout_compat", "sentinel_kwargs"}
)

#: Broker kind, or `sentinel`, -> the keys of `broker_transport_options` that it reads. A kind that
#: is missing here reads what is not known.
TRANSPORT_OPTIONS: dict[str, frozenset[str]] = {
    "filesystem": _VIRTUAL_OPTIONS
    | {
        "control_folder",
        "data_folder_in",
        "data_folder_out",
        "processed_folder",
        "store_processed",
    },
    "rabbitmq": _FAILOVER_OPTIONS
    | {
        "authentication",
        "channel_max",
        "client_properties",
        "confirm_publish",
        "connect_timeout",
        "frame_handler",
        "frame_max",
        "frame_writer",
        "heartbeat",
        "host",
        "locale",
        "login_method",
        "login_response",
        "on_blocked",
        "on_open",
        "on_tune_ok",
        "on_unblocked",
        "password",
        "read_timeout",
        "socket_settings",
        "ssl",
        "userid",
        "virtual_host",
        "write_timeout",
    },
    "redis": _REDIS_OPTIONS,
    "sentinel": _REDIS_OPTIONS | _SENTINEL_ONLY,
    "sqs": _VIRTUAL_OPTIONS
    | {
        "client-config",
        "fetch_message_attributes",
        "is_secure",
        "port",
        "predefined_exchanges",
        "predefined_queues",
        "queue_name_prefix",
        "queue_tags",
        "region",
        "regioninfo",
        "sqs-creation-attributes",
        "sqs_base64_encoding",
        "sts_role_arn",
        "sts_token_buffer_time",
        "sts_token_timeout",
        "supports_fanout",
        "visibility_timeout",
        "wait_time_seconds",
    },
}

_KEY_VALUE_BACKENDS = (
    *("arangodb", "azureblockblob", "cache", "consul", "cosmosdbsql", "couchbase", "couchdb"),
    *("dynamodb", "elasticsearch", "file", "gs", "s3"),
)
_REDIS_RESULT_OPTIONS = frozenset(
    {"additional_connection_errors", "global_keyprefix", "result_chord_ordered", "retry_policy"}
)

#: Backend kind, or `sentinel`, -> the keys of `result_backend_transport_options` that it reads.
RESULT_TRANSPORT_OPTIONS: dict[str, frozenset[str]] = {
    **dict.fromkeys(_KEY_VALUE_BACKENDS, frozenset({"global_keyprefix"})),
    **dict.fromkeys(("cassandra", "database", "disabled", "mongodb", "rpc"), frozenset[str]()),
    "redis": _REDIS_RESULT_OPTIONS,
    "sentinel": _REDIS_RESULT_OPTIONS | {"master_name", "min_other_sentinels", "sentinel_kwargs"},
}

_WITHOUT_CHORDS = frozenset({"disabled", "rpc"})


def special_transport_option(kind: str, key: str) -> str | None:
    """What to do instead of a transport option that this broker ignores, when that is well known.

    `kind` is one of `TRANSPORT_OPTIONS`. None when the broker reads the key, or nothing is known.
    """
    known = TRANSPORT_OPTIONS.get(kind)
    if known is None or key in known:
        return None
    if key.lower() in known:
        return f"write `{key.lower()}`"
    if key in _SENTINEL_ONLY:
        return "use a `sentinel://` URL"
    if key == "ssl" or key.startswith("ssl_"):
        return "use `broker_use_ssl`"
    if key == "visibility_timeout" and kind == "rabbitmq":
        return "RabbitMQ has `consumer_timeout`, which is set on the server"
    if key == "retry_policy":
        return "write its keys directly into `broker_transport_options`"
    return None


def broker_schemes(url: str) -> list[str]:
    """The schemes of a broker URL, one for each alternative of `a;b` that has one."""
    found = []
    for part in url.split(";"):
        scheme, separator, _ = part.strip().partition("://")
        if separator:
            # kombu takes the text before a plus as it is, and lets urlparse lower the rest.
            head, plus, _ = scheme.partition("+")
            found.append(head if plus else scheme.lower())
    return found


def broker_kind(url: str) -> str | None:
    """Which broker a URL, a list of them `a;b`, or a bare scheme names.

    `rabbitmq`, `redis` (Sentinel too, see `is_sentinel`), `sqs`, or another name of
    `BROKER_SCHEMES`. None for a scheme that kombu does not have, a dotted path, a host name, and
    alternatives that differ. An empty URL is None too: Celery then falls back to RabbitMQ.
    """
    schemes = broker_schemes(url) or [url]
    kinds = {BROKER_SCHEMES.get(scheme) for scheme in schemes}
    return kinds.pop() if len(kinds) == 1 else None


def is_sentinel(url: str) -> bool:
    """Whether a broker or backend URL goes to Redis Sentinel."""
    return (broker_schemes(url) or [url])[0] == "sentinel"


def backend_scheme(url: str) -> str:
    """The part of a result backend's URL, or of its bare name, that chooses the backend."""
    scheme, separator, _ = url.partition("://")
    return scheme.partition("+")[0] if separator else url


def backend_kind(url: str | None) -> str | None:
    """Which result backend a URL or a name chooses; `disabled` for an empty one.

    None for what Celery itself does not have: a dotted path, an extension, a typing error.
    """
    if not url:
        return "disabled"
    scheme = backend_scheme(url)
    return scheme if scheme in EXTENSION_BACKENDS else BACKEND_SCHEMES.get(scheme)


def chord_capable(kind: str | None) -> bool | None:
    """Whether a backend of this kind (as `backend_kind` says) can run chords, None if unknown."""
    if kind in _WITHOUT_CHORDS:
        return False
    return True if kind in BACKEND_SCHEMES.values() or kind == "django-db" else None
