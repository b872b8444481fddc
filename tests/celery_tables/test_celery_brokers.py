"""Brokers, backends and their transport options against the installed kombu and Celery."""

import inspect

import pytest

from flake8_celery.celery import brokers

kombu = pytest.importorskip("kombu")
celery = pytest.importorskip("celery")

from celery.app.backends import BACKEND_ALIASES, by_url  # noqa: E402
from kombu.transport import TRANSPORT_ALIASES  # noqa: E402


def test_schemes_are_those_of_kombu_and_celery() -> None:
    # Google Cloud Storage came with 5.5.
    newer = {"gs"} if celery.VERSION < (5, 5) else set()
    assert set(brokers.BROKER_SCHEMES) == set(TRANSPORT_ALIASES)
    assert set(brokers.BACKEND_SCHEMES) - newer == set(BACKEND_ALIASES)


def test_schemes_of_one_kind_share_their_module() -> None:
    modules: dict[str, set[str]] = {}
    for scheme, kind in brokers.BROKER_SCHEMES.items():
        path = TRANSPORT_ALIASES[scheme].replace(":", ".").rpartition(".")[0]
        modules.setdefault(kind, set()).add(path)
    several = {kind for kind, paths in modules.items() if len(paths) > 1}
    assert several == {"rabbitmq"}


def test_amqp_options_are_the_arguments_of_its_connection() -> None:
    amqp = pytest.importorskip("amqp")
    arguments = set(inspect.signature(amqp.Connection.__init__).parameters) - {"self", "kwargs"}
    assert arguments <= brokers.TRANSPORT_OPTIONS["rabbitmq"]


def test_redis_options_are_those_of_its_channels() -> None:
    pytest.importorskip("redis")
    from kombu.transport.redis import Channel, SentinelChannel

    for kind, channel in (("redis", Channel), ("sentinel", SentinelChannel)):
        assert set(channel.from_transport_options) <= brokers.TRANSPORT_OPTIONS[kind]
    added = set(SentinelChannel.from_transport_options) - set(Channel.from_transport_options)
    assert brokers.TRANSPORT_OPTIONS["sentinel"] - brokers.TRANSPORT_OPTIONS["redis"] == added


def test_visibility_timeouts() -> None:
    pytest.importorskip("redis")
    from kombu.transport.redis import Channel

    assert brokers.VISIBILITY_TIMEOUTS["redis"] == Channel.visibility_timeout


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("redis://localhost/0", "redis"),
        ("REDISS://localhost/0", "redis"),
        ("sentinel://a:26379;sentinel://b:26379", "redis"),
        ("amqp://a//;amqps://b//", "rabbitmq"),
        ("pyamqp://", "rabbitmq"),
        ("sqs://key:secret@", "sqs"),
        ("SQS", "sqs"),
        ("sqla+sqlite:///x.db", "sqlalchemy"),
        ("amqp://a//;redis://b", None),
        ("localhost", None),
        ("proj.transport:Transport", None),
        ("rediss", "redis"),
        ("reddis://x", None),
        ("", None),
    ],
)
def test_broker_kind(url: str, kind: str | None) -> None:
    assert brokers.broker_kind(url) == kind


def test_sentinel() -> None:
    assert brokers.is_sentinel("sentinel://a;sentinel://b")
    assert not brokers.is_sentinel("redis://a")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("redis://localhost", "redis"),
        ("db+postgresql://localhost", "database"),
        ("cache+memory://", "cache"),
        ("rpc://", "rpc"),
        ("django-db", "django-db"),
        ("disabled", "disabled"),
        ("", "disabled"),
        (None, "disabled"),
        ("Redis://localhost", None),
        ("amqp://", None),
        ("proj.backends.Custom", None),
    ],
)
def test_backend_kind(url: str | None, kind: str | None) -> None:
    assert brokers.backend_kind(url) == kind


def test_a_backend_scheme_is_case_sensitive_in_celery_too() -> None:
    with pytest.raises(Exception, match="Redis"):
        by_url("Redis://localhost")


def test_chords() -> None:
    assert brokers.chord_capable("redis") is True
    assert brokers.chord_capable("rpc") is False
    assert brokers.chord_capable("disabled") is False
    assert brokers.chord_capable(None) is None


def test_rpc_and_disabled_refuse_chords() -> None:
    from celery import Celery, chord

    for backend in ("rpc://", "disabled"):
        app = Celery("x", broker="memory://", backend=backend, set_as_current=False, fixups=[])
        header = [app.signature("a"), app.signature("b")]
        with pytest.raises(NotImplementedError):
            chord(header, app.signature("c"), app=app).apply_async()


def test_hints() -> None:
    hint = brokers.special_transport_option
    assert hint("redis", "master_name") == "use a `sentinel://` URL"
    assert hint("sentinel", "master_name") is None
    assert hint("redis", "Visibility_Timeout") == "write `visibility_timeout`"
    assert "consumer_timeout" in str(hint("rabbitmq", "visibility_timeout"))
    assert hint("redis", "ssl_cert_reqs") == "use `broker_use_ssl`"
    assert hint("redis", "no_such_option") is None
    assert hint("zookeeper", "anything") is None
