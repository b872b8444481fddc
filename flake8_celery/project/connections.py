"""Which broker and which result backend an app uses, as far as its configuration tells."""

from __future__ import annotations

from ..celery.brokers import backend_kind, broker_kind
from ..rule import Undecided
from .configuration import Configuration
from .values import Const, Items, Text, Typed, Value

DEFAULT_BROKER = "amqp://guest:guest@localhost:5672//"


def url_of(value: Value) -> str:
    """A URL, or its beginning up to where it is known, scheme and `://` included.

    An environment look-up counts as its default: a deployment changes the host, hardly ever the
    broker.  Raises Undecided when even the scheme is not known, or is one of several."""
    heads = {_head(option) for option in value.alternatives()}
    if len({head.partition("://")[0] for head in heads}) == 1:
        return heads.pop()
    raise Undecided(f"one of several URLs at {value.where.shown}")


def _head(value: Value) -> str:
    if isinstance(value, Const) and (value.constant is None or isinstance(value.constant, str)):
        return value.constant or ""
    if isinstance(value, Text) and "://" in value.head:
        return value.head
    if isinstance(value, Typed) and value.default is not None:
        return url_of(value.default)
    if isinstance(value, Items) and value.items and not value.open:
        return url_of(value.items[0])
    raise Undecided(f"{value.describe()} at {value.where.shown}")


def broker_url(configuration: Configuration) -> str:
    """The broker's URL as far as it is known; Celery's default when none is set.

    Raises Undecided when the scheme is not known."""
    # The first of these is hardly ever set: what cannot be seen is no reason to doubt the second.
    for name in ("broker_write_url", "broker_url"):
        if name == "broker_url" or configuration.writes(name):
            value = configuration.get(name)
            if value is not None:
                return url_of(value) or DEFAULT_BROKER
    if configuration.setting("broker_transport") is not None:
        raise Undecided("`broker_transport` is set")
    return DEFAULT_BROKER


def broker_of(configuration: Configuration) -> str:
    """The kind of broker, a value of `BROKER_SCHEMES` ("rabbitmq", "redis", "sqs", ...).

    Raises Undecided when it is not known, or is none of kombu's."""
    url = broker_url(configuration)
    kind = broker_kind(url)
    if kind is None:
        raise Undecided(f"the broker of `{url}`")
    return kind


def backend_url(configuration: Configuration) -> str:
    """The result backend's URL or name as far as it is known; "" when there is none.

    Raises Undecided when the scheme is not known."""
    value = configuration.get("result_backend")
    return "" if value is None else url_of(value)


def backend_of(configuration: Configuration) -> str:
    """The kind of result backend: a value of `BACKEND_SCHEMES`, an extension's name, or
    "disabled".  Raises Undecided when it is not known."""
    url = backend_url(configuration)
    kind = backend_kind(url)
    if kind is None:
        raise Undecided(f"the result backend of `{url}`")
    return kind
