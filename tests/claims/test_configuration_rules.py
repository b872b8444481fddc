"""What the rules about settings, serializers and connections say, against Celery itself."""

from __future__ import annotations

from typing import Any

import pytest

celery = pytest.importorskip("celery", minversion="5.7")
kombu = pytest.importorskip("kombu")


def app(**settings: Any) -> Any:
    return celery.Celery("shop", broker="memory://", set_as_current=False, **settings)


def test_cel003_a_message_that_is_not_accepted_cannot_be_decoded() -> None:
    made = app(accept_content=["json"])
    content_type, encoding, payload = kombu.serialization.dumps([1], serializer="pickle")
    accepted = kombu.serialization.prepare_accept_content(made.conf.accept_content)
    with pytest.raises(kombu.exceptions.ContentDisallowed):
        kombu.serialization.loads(payload, content_type, encoding, accept=accepted)


def test_cel003_receivers_of_events_accept_the_event_serializer() -> None:
    made = app(event_serializer="pickle")
    with made.connection() as connection:
        assert made.events.Receiver(connection).accept == {"json", "pickle"}


def test_cel001_a_content_type_is_no_name_of_a_serializer() -> None:
    with pytest.raises(kombu.exceptions.SerializerNotInstalled):
        kombu.serialization.dumps([1], serializer="application/x-python-serialize")


def test_cel304_the_second_argument_is_the_loader() -> None:
    made = celery.Celery("shop", "redis://localhost", set_as_current=False)
    with pytest.raises((ModuleNotFoundError, AttributeError)):
        _ = made.loader


def test_cel311_config_from_envvar_has_no_namespace() -> None:
    with pytest.raises(TypeError):
        app().config_from_envvar("SHOP", namespace="CELERY")


def test_cel330_a_key_that_celery_does_not_know_is_accepted() -> None:
    made = app(task_time_limt=1)
    made.conf.worker_prefetch_multiplyer = 1
    assert made.conf.task_time_limit is None
    assert made.conf.worker_prefetch_multiplier == 4


def test_cel331_a_prefix_without_a_namespace_is_ignored() -> None:
    made = app()
    made.config_from_object({"CELERY_TASK_TIME_LIMIT": 1, "CELERY_ENABLE_UTC": False})
    assert made.conf.task_time_limit is None
    assert made.conf.enable_utc is True


def test_cel332_two_generations_of_names_are_refused_when_read() -> None:
    made = app()
    made.config_from_object(
        {"task_serializer": "json", "task_time_limit": 1, "CELERYD_CONCURRENCY": 2}
    )
    with pytest.raises(celery.exceptions.ImproperlyConfigured):
        _ = made.conf.worker_concurrency


def test_cel338_the_text_false_is_true() -> None:
    made = app(task_always_eager="False")

    def add(a: int, b: int) -> int:
        return a + b

    assert made.task(add, shared=False).delay(1, 2).get() == 3


def redis_connection(url: str, use_ssl: Any) -> dict[str, Any]:
    """The arguments with which kombu would connect to Redis."""
    pytest.importorskip("redis")
    from kombu.transport.redis import Channel

    made = celery.Celery("shop", broker=url, broker_use_ssl=use_ssl, set_as_current=False)
    with made.connection_for_write() as connection:
        channel: Any = object.__new__(Channel)
        channel.connection = type("Opened", (), {"client": connection, "default_port": 6379})
        parameters: dict[str, Any] = channel._connparams()
        return parameters


@pytest.mark.parametrize("url", ["redis://localhost", "rediss://localhost"])
def test_cel704_true_is_no_tls_on_redis(url: str) -> None:
    assert "SSL" not in redis_connection(url, True)["connection_class"].__name__
    assert (
        "SSL" in redis_connection(url, {"ssl_cert_reqs": "required"})["connection_class"].__name__
    )


def test_cel704_options_in_the_url_are_tls_all_the_same() -> None:
    found = redis_connection("rediss://localhost?ssl_cert_reqs=required", True)
    assert "SSL" in found["connection_class"].__name__


def test_cel704_the_result_backend_raises() -> None:
    pytest.importorskip("redis")
    made = app(backend="redis://localhost", redis_backend_use_ssl=True)
    with pytest.raises(TypeError):
        _ = made.backend


def test_cel440_no_limit_on_what_a_worker_reserves() -> None:
    made = app(worker_prefetch_multiplier=0)
    with made.connection() as connection:
        channel = connection.default_channel
        processes = 2
        channel.basic_qos(0, processes * made.conf.worker_prefetch_multiplier, False)
        for tag in range(1000):
            channel.qos.append(object(), tag)
        assert channel.qos.can_consume()
        channel.basic_qos(0, processes, False)
        assert not channel.qos.can_consume()
        channel.qos._delivered.clear()
