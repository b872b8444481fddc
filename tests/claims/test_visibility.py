"""What CEL020, CEL030, CEL031, CEL163 and CEL268 claim, asked of Celery and kombu themselves."""

from __future__ import annotations

import inspect
import socket
from typing import Any

import pytest

celery = pytest.importorskip("celery")

from celery import Celery, chord  # noqa: E402
from celery.contrib.testing.worker import start_worker  # noqa: E402
from celery.exceptions import ChordError  # noqa: E402
from celery.result import AsyncResult, EagerResult, ResultSet  # noqa: E402
from kombu.transport.redis import Channel  # noqa: E402

from flake8_celery.celery.brokers import VISIBILITY_TIMEOUTS  # noqa: E402

from .test_retry import app, run  # noqa: E402

__all__ = ["app"]


def test_CEL020_nothing_has_a_timeout_by_default() -> None:
    requests = pytest.importorskip("requests")
    parameters = inspect.signature(requests.Session.request).parameters
    assert parameters["timeout"].default is None
    assert socket.getdefaulttimeout() is None


def test_CEL030_the_visibility_timeout_of_redis() -> None:
    assert Channel.visibility_timeout == VISIBILITY_TIMEOUTS["redis"] == 3600


def test_CEL163_there_is_no_timeout_by_default() -> None:
    for method in (AsyncResult.get, AsyncResult.wait, ResultSet.join, ResultSet.get):
        assert inspect.signature(method).parameters["timeout"].default is None
    assert EagerResult("1", 2, "SUCCESS").get() == 2


def test_CEL268_a_header_without_results_never_calls_the_callback(tmp_path: Any) -> None:
    app = Celery("claims", broker="memory://", set_as_current=False)
    app.conf.update(
        result_backend=f"file://{tmp_path}",
        task_default_queue=celery.uuid(),
        worker_hijack_root_logger=False,
        result_chord_retry_interval=0.05,
        broker_transport_options={"polling_interval": 0.01},
    )
    ended: list[Any] = []

    @app.task(shared=False, name="step", ignore_result=True)
    def step(x: int) -> int:
        return x

    @app.task(shared=False, name="done")
    def done(results: list[int]) -> None:
        ended.append(results)

    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=20):
        result = chord([step.s(1), step.s(2)])(done.s())
        with pytest.raises((celery.exceptions.TimeoutError, ChordError)):
            result.get(timeout=1, interval=0.02, disable_sync_subtasks=False)
    assert ended == []


@pytest.mark.parametrize(("ignored", "state"), [(True, "PENDING"), (False, "SUCCESS")])
def test_CEL268_the_chord_asks_for_states_that_are_not_stored(
    app: Any, ignored: bool, state: str
) -> None:
    @app.task(shared=False, name="step", ignore_result=ignored)
    def step() -> None: ...

    assert run(step).state == state
