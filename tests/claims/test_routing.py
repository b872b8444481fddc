"""What the rules of routes and queues claim, asked of Celery itself."""

from __future__ import annotations

from typing import Any

import pytest

celery = pytest.importorskip("celery")

from celery import Celery  # noqa: E402
from celery.app.routes import MapRoute, prepare  # noqa: E402
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from kombu import Queue  # noqa: E402

from flake8_celery.project.routing import matches  # noqa: E402


def app_with(**settings: Any) -> Celery:
    app = Celery("claims", broker="memory://", set_as_current=False)
    app.conf.update(settings)
    return app


def test_CEL400_a_worker_reads_the_declared_queues_and_no_others() -> None:
    app = app_with(task_queues=[Queue("mails")])
    assert set(app.amqp.queues.consume_from) == {"mails"}
    assert app.amqp.router.route({}, "t")["queue"].name == "celery"


def test_CEL400_without_declared_queues_it_reads_the_default_one() -> None:
    app = app_with()
    assert set(app.amqp.queues.consume_from) == {"celery"}


def test_CEL400_a_missing_default_queue_may_be_an_error() -> None:
    app = app_with(task_queues=[Queue("mails")], task_create_missing_queues=False)
    with pytest.raises(celery.exceptions.QueueNotFound):
        app.amqp.router.route({}, "t")


@pytest.mark.parametrize("container", [list, tuple])
def test_CEL404_pairs_must_be_nested(container: Any) -> None:
    pairs = container([("shop.mails.*", {"queue": "mails"}), ("*", {"queue": "rest"})])
    with pytest.raises(ValueError):
        prepare(pairs)
    router = app_with(task_routes=[pairs]).amqp.router
    assert router.route({}, "shop.mails.send")["queue"].name == "mails"


def test_CEL404_every_publish_raises() -> None:
    app = app_with(task_routes=[("shop.mails.*", {"queue": "mails"})])
    with pytest.raises(ValueError):
        app.send_task("other")


def test_CEL404_two_letters_are_taken_apart() -> None:
    (route,) = prepare([("ab", "cd")])
    assert route.map == {"a": "b", "c": "d"}


NAMES = st.from_regex(r"[a-c?\[\]*]{1,3}(\.[a-c?\[\]*]{1,3}){0,2}", fullmatch=True)


@given(NAMES, st.from_regex(r"[a-c]{1,3}(\.[a-c]{1,3}){0,2}", fullmatch=True))
def test_CEL407_keys_match_as_celery_matches_them(pattern: str, name: str) -> None:
    assert matches(pattern, name) == (MapRoute({pattern: {"queue": "x"}})(name) is not None)
