"""What CEL150 and CEL162 claim about waiting for results, asked of Celery itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

celery = pytest.importorskip("celery")

from celery import _state, exceptions  # noqa: E402
from celery.result import AsyncResult, allow_join_result  # noqa: E402


@pytest.fixture
def app() -> Iterator[Any]:
    app = celery.Celery(
        "claims", broker="memory://", backend="cache+memory://", set_as_current=False
    )
    app.conf.task_default_queue = celery.uuid()
    app.task(add, shared=False, name="add")
    app.task(add, shared=False, name="ignored", ignore_result=True)
    yield app
    app.close()


def add(x: int, y: int) -> int:
    return x + y


@pytest.fixture
def in_worker() -> Iterator[None]:
    """As it is in the processes of prefork, solo and threads (`celery/worker/components.py`)."""
    before = _state._task_join_will_block
    _state._set_task_join_will_block(True)
    yield
    _state._set_task_join_will_block(before)


WAITS = {
    "get": lambda app: app.tasks["add"].delay(1, 2).get(timeout=0.01),
    "wait": lambda app: app.tasks["add"].delay(1, 2).wait(timeout=0.01),
    "of an id": lambda app: AsyncResult("1", app=app).get(timeout=0.01),
    "join": lambda app: celery.group([app.tasks["add"].s(1, 2)], app=app)().join(timeout=0.01),
    "apply": lambda app: app.tasks["add"].apply((1, 2)).get(),
    "invert": lambda app: ~app.tasks["add"].s(1, 2),
    "collect": lambda app: list(app.tasks["add"].delay(1, 2).collect(timeout=0.01)),
}


@pytest.mark.parametrize("wait", WAITS)
def test_CEL150_waiting_in_a_task_raises(app: Any, in_worker: None, wait: str) -> None:
    with pytest.raises(RuntimeError, match="within a task"):
        WAITS[wait](app)


def test_CEL150_waiting_may_be_allowed(app: Any, in_worker: None) -> None:
    result = app.tasks["add"].delay(1, 2)
    with pytest.raises(exceptions.TimeoutError), allow_join_result():
        result.get(timeout=0.01)
    with pytest.raises(exceptions.TimeoutError):
        result.get(timeout=0.01, disable_sync_subtasks=False)


def test_CEL150_an_ignored_result_is_none_at_once(app: Any, in_worker: None) -> None:
    assert app.tasks["ignored"].delay(1, 2).get() is None


def test_CEL162_pythons_timeout_error_is_another_class(app: Any) -> None:
    assert not issubclass(exceptions.TimeoutError, TimeoutError)
    bases = [base.__name__ for base in exceptions.TimeoutError.__mro__]
    assert bases == [
        "TimeoutError",
        "TaskError",
        "CeleryError",
        "Exception",
        "BaseException",
        "object",
    ]
    with pytest.raises(exceptions.TimeoutError):
        app.tasks["add"].delay(1, 2).get(timeout=0.01)
