"""What CEL401, CEL408, CEL413 and CEL415 claim, asked of Celery and kombu themselves."""

from __future__ import annotations

from typing import Any

import pytest

celery = pytest.importorskip("celery")

from celery import Celery  # noqa: E402
from kombu import Queue  # noqa: E402


def app_with(**settings: Any) -> Celery:
    app = Celery("claims", broker="memory://", set_as_current=False)
    app.conf.update(settings)
    return app


def queue_of(app: Celery, name: str, **options: Any) -> str:
    return str(app.amqp.router.route(options, name)["queue"].name)


def test_CEL401_other_queues_are_written_to_and_not_read() -> None:
    app = app_with(task_queues=[Queue("celery")])
    assert queue_of(app, "t", queue="reports") == "reports"
    assert "reports" not in app_with(task_queues=[Queue("celery")]).amqp.queues.consume_from


def test_CEL408_the_first_pattern_of_a_dict_wins_and_an_exact_name_over_it() -> None:
    routes = {
        "shop.*": {"queue": "a"},
        "shop.mails.*": {"queue": "b"},
        "shop.mails.send": {"queue": "c"},
    }
    app = app_with(task_routes=routes)
    assert queue_of(app, "shop.mails.other") == "a"
    assert queue_of(app, "shop.mails.send") == "c"


def test_CEL408_the_first_router_wins_with_a_pattern_too() -> None:
    app = app_with(task_routes=[{"shop.*": {"queue": "a"}}, {"shop.t": {"queue": "b"}}])
    assert queue_of(app, "shop.t") == "a"


def test_CEL408_a_tasks_own_queue_beats_its_route() -> None:
    app = app_with(task_routes={"t": {"queue": "slow"}})

    @app.task(shared=False, name="t", queue="fast")
    def task() -> None: ...

    with app.connection_for_read() as connection:
        for name in ("slow", "fast"):
            connection.SimpleQueue(name).clear()
        task.delay()
        assert connection.SimpleQueue("fast").qsize() == 1
        assert connection.SimpleQueue("slow").qsize() == 0


def test_CEL413_queues_have_no_highest_priority_unless_it_is_set() -> None:
    assert not app_with().amqp.queues["celery"].queue_arguments
    limited = app_with(task_queue_max_priority=10).amqp.queues["celery"]
    assert limited.queue_arguments == {"x-max-priority": 10}


def test_CEL415_redis_reads_the_lowest_priority_first() -> None:
    pytest.importorskip("redis")
    from kombu.transport import redis

    asked: list[str] = []

    class Client:
        def __enter__(self) -> Any:
            return self

        def __exit__(self, *args: object) -> None: ...

        def rpop(self, key: str) -> None:
            asked.append(key)

    class Channel(redis.Channel):
        _expires = None

        def __init__(self) -> None:
            pass

        def __del__(self) -> None: ...

        def conn_or_acquire(self, client: Any = None) -> Any:
            return Client()

    with pytest.raises(redis.Empty):
        Channel()._get("q")
    assert asked[0] == "q"
    assert [int(key.rpartition("\x16")[2]) for key in asked[1:]] == [3, 6, 9]
