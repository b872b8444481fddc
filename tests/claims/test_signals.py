"""What CEL800 claims about handlers of signals, asked of Celery itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

celery = pytest.importorskip("celery")

from celery.utils.dispatch import Signal  # noqa: E402


@pytest.mark.parametrize("handler", [lambda sender: 1, lambda: 1, lambda *args: 1])
def test_CEL800_a_handler_without_keywords_is_refused(handler: Callable[..., int]) -> None:
    with pytest.raises(ValueError, match="must accept keyword arguments"):
        Signal().connect(handler, weak=False)


def test_with_retry_a_wrapper_is_connected() -> None:
    Signal().connect(lambda sender, signal: 1, retry=True)


def positional(sender: object, /, **kwargs: object) -> None: ...


def misnamed(sender: object, task_name: str, **kwargs: object) -> None: ...


@pytest.mark.parametrize("handler", [positional, misnamed])
def test_CEL800_what_is_not_sent_fails_each_time_and_is_only_logged(handler: Any) -> None:
    signal = Signal()
    signal.connect(handler, weak=False)
    [(_, answer)] = signal.send(sender=None, task_id="1")
    assert isinstance(answer, TypeError)


def test_connect_gives_the_function_back() -> None:
    signal = Signal()
    assert signal.connect(misnamed) is misnamed
    assert inspect.isfunction(signal.connect(weak=False)(misnamed))
