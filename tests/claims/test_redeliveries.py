"""What CEL030, CEL031 and CEL364 claim about brokers, shown without a server of Redis."""

from __future__ import annotations

import time
from typing import Any
from unittest.mock import MagicMock

import pytest

celery = pytest.importorskip("celery")
pytest.importorskip("redis")

from celery.worker.strategy import default  # noqa: E402
from kombu import Connection  # noqa: E402
from kombu.transport import redis as transport  # noqa: E402
from kombu.transport import virtual  # noqa: E402


class Pretended:
    """A Redis that holds one message which was delivered `age` seconds ago."""

    def __init__(self, age: float) -> None:
        self.delivered = time.time() - age

    def zrevrangebyscore(self, key: str, highest: float, *_: Any, **__: Any) -> list[Any]:
        return [("tag", self.delivered)] if self.delivered <= highest else []

    # What kombu asks since 5.6.
    zrange = zrevrangebyscore

    def __enter__(self) -> Pretended:
        return self

    def __exit__(self, *_: object) -> None: ...


@pytest.mark.parametrize(("age", "again"), [(59, []), (61, ["tag"])])
def test_CEL030_redis_delivers_again_what_is_not_acknowledged_in_time(
    monkeypatch: pytest.MonkeyPatch, age: int, again: list[str]
) -> None:
    channel = redis_channel(visibility_timeout=60)
    channel.unacked_restore_limit = None
    qos = transport.QoS(channel)
    restored: list[str] = []
    monkeypatch.setattr(channel, "conn_or_acquire", lambda client=None: Pretended(age))
    monkeypatch.setattr(transport, "Mutex", lambda *_: Pretended(0))
    monkeypatch.setattr(qos, "restore_by_tag", lambda tag, client=None: restored.append(tag))
    qos._vrestore_count = -1
    qos.restore_visible(interval=1)
    assert restored == again


def redis_channel(**options: Any) -> Any:
    """A channel of the Redis transport that has read its options, and is not connected."""
    channel = object.__new__(transport.Channel)
    connection = Connection("redis://localhost", transport_options=options)
    virtual.Channel.__init__(channel, connection.transport)
    return channel


@pytest.mark.parametrize(("countdown", "waits"), [(60, True), (None, False)])
def test_CEL031_a_message_that_waits_for_its_time_is_not_acknowledged(
    countdown: int | None, waits: bool
) -> None:
    app = celery.Celery("claims", broker="memory://", set_as_current=False)
    app.conf.task_default_queue = celery.uuid()

    @app.task(shared=False, name="later")
    def later() -> None: ...

    later.apply_async(countdown=countdown)
    consumer = MagicMock(task_buckets={"later": None})
    handle = default(later, app, consumer)
    with app.connection_for_read() as connection:
        message = app.amqp.queues[app.conf.task_default_queue](connection.channel()).get()
        handle(message, None, message.ack_log_error, message.reject_log_error, [])
    assert consumer.timer.call_at.called is waits
    assert consumer.on_task_request.called is not waits
    assert not message.acknowledged


@pytest.mark.parametrize(
    "name", ["confirm_publish", "VISIBILITY_TIMEOUT", "visibilty_timeout", "retry_policy"]
)
def test_CEL364_an_option_that_the_transport_does_not_know_is_not_read(name: str) -> None:
    assert redis_channel(**{name: 7}).visibility_timeout == 3600
    assert not hasattr(redis_channel(**{name: 7}), name)
    assert redis_channel(visibility_timeout=7).visibility_timeout == 7
