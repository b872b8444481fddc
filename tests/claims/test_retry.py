"""What the rules of the retry band claim, asked of Celery itself: each task is run as a worker
runs it, and the messages that it sends are counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

celery = pytest.importorskip("celery")

from celery.app.trace import build_tracer  # noqa: E402
from celery.exceptions import Ignore, MaxRetriesExceededError, Retry  # noqa: E402


class Run(NamedTuple):
    """How one run of a task ended: its state, what it gave or raised, and the messages out."""

    state: str
    result: Any
    messages: list[Any]

    @property
    def delays(self) -> list[int]:
        """The seconds that the messages wait, to the nearest."""
        now = datetime.now(UTC)
        etas = [datetime.fromisoformat(message.headers["eta"]) for message in self.messages]
        return [round((eta - now).total_seconds()) for eta in etas]


@pytest.fixture
def app() -> Iterator[Any]:
    app = celery.Celery(
        "claims", broker="memory://", backend="cache+memory://", set_as_current=False
    )
    app.conf.task_default_queue = celery.uuid()
    yield app
    app.close()


def run(task: Any, *args: Any, retries: int = 0) -> Run:
    app, key = task.app, celery.uuid()
    queue = app.conf.task_default_queue
    delivery = {"routing_key": queue, "exchange": ""}
    request = {"id": key, "retries": retries, "delivery_info": delivery}
    tracer = build_tracer(task.name, task, app=app)
    tracer(key, args, {}, request)
    stored = app.backend.get_task_meta(key)
    messages = []
    with app.connection_for_read() as connection:
        waiting = connection.SimpleQueue(queue)
        while waiting.qsize():
            messages.append(waiting.get(block=False))
            messages[-1].ack()
        waiting.close()
    return Run(stored["status"], stored["result"], messages)


def test_control_exceptions_are_exceptions() -> None:
    assert issubclass(Retry, Exception)
    assert issubclass(Ignore, Exception)


def test_CEL101_a_swallowed_retry_is_a_success_that_runs_again(app: Any) -> None:
    @app.task(shared=False, bind=True, name="swallowed")
    def task(self: Any) -> None:
        try:
            raise self.retry(countdown=30)
        except Exception:
            pass

    ended = run(task)
    assert (ended.state, len(ended.messages)) == ("SUCCESS", 1)


def test_CEL101_another_exception_in_its_place_is_a_failure_that_runs_again(app: Any) -> None:
    @app.task(shared=False, bind=True, name="replaced")
    def task(self: Any) -> None:
        try:
            raise self.retry(countdown=30)
        except Exception as exc:
            raise ValueError from exc

    ended = run(task)
    assert (ended.state, len(ended.messages)) == ("FAILURE", 1)


def test_CEL101_return_in_finally_swallows_it_too(app: Any) -> None:
    @app.task(shared=False, bind=True, name="finally")
    def task(self: Any) -> Any:
        try:
            raise self.retry(countdown=30)
        finally:
            return 1  # noqa: B012

    ended = run(task)
    assert (ended.state, len(ended.messages)) == ("SUCCESS", 1)


def test_CEL101_replace_swallowed_succeeds_and_is_replaced(app: Any) -> None:
    @app.task(shared=False, name="other")
    def other() -> None: ...

    @app.task(shared=False, bind=True, name="replace")
    def task(self: Any) -> None:
        try:
            raise self.replace(other.s())
        except Exception:
            pass

    ended = run(task)
    assert ended.state == "SUCCESS"
    assert [message.headers["task"] for message in ended.messages] == ["other"]


def test_CEL102_retrying_in_the_handler_again_sends_two(app: Any) -> None:
    @app.task(shared=False, bind=True, name="double")
    def task(self: Any) -> None:
        try:
            raise self.retry(countdown=30)
        except Exception as exc:
            raise self.retry(exc=exc, countdown=60) from exc

    ended = run(task)
    assert ended.state == "RETRY"
    assert len({message.headers["id"] for message in ended.messages}) == 1
    assert ended.delays == [30, 60]


def test_CEL102_letting_retry_pass_sends_one(app: Any) -> None:
    @app.task(shared=False, bind=True, name="single")
    def task(self: Any) -> None:
        try:
            raise self.retry(countdown=30)
        except Retry:
            raise
        except Exception as exc:
            raise self.retry(exc=exc, countdown=60) from exc

    ended = run(task)
    assert (ended.state, ended.delays) == ("RETRY", [30])


def test_CEL103_backoff_does_not_delay_a_manual_retry(app: Any) -> None:
    @app.task(shared=False, bind=True, name="backoff", retry_backoff=True, retry_backoff_max=60)
    def task(self: Any) -> None:
        raise self.retry(exc=ValueError())

    assert run(task).delays == [180]
    assert run(task, retries=2).delays == [180]


def test_CEL104_max_retries_alone_retries_nothing(app: Any) -> None:
    @app.task(shared=False, name="once", max_retries=3, default_retry_delay=5)
    def task() -> None:
        raise OSError

    ended = run(task)
    assert (ended.state, ended.messages) == ("FAILURE", [])


@pytest.mark.parametrize("given", [ValueError("x"), ValueError, 60])
def test_CEL109_what_is_given_by_position_is_no_args(app: Any, given: object) -> None:
    @app.task(shared=False, bind=True, name="positional")
    def task(self: Any) -> None:
        raise self.retry(given)

    ended = run(task)
    assert (ended.state, ended.messages) == ("FAILURE", [])
    assert isinstance(ended.result, TypeError)


@pytest.mark.parametrize(("with_exc", "reached"), [(True, False), (False, True)])
def test_CEL111_exc_takes_the_place_of_max_retries_exceeded(
    app: Any, with_exc: bool, reached: bool
) -> None:
    handled = []

    @app.task(shared=False, bind=True, name="last", max_retries=2)
    def task(self: Any) -> None:
        try:
            raise OSError
        except OSError as exc:
            try:
                raise self.retry(**({"exc": exc} if with_exc else {}))
            except MaxRetriesExceededError:
                handled.append(1)

    ended = run(task, retries=2)
    assert bool(handled) == reached
    assert ended.state == ("SUCCESS" if reached else "FAILURE")
