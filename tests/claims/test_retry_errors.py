"""What CEL105, CEL106, CEL112, CEL117, CEL121 and CEL122 claim, asked of Celery itself."""

from __future__ import annotations

from typing import Any

import pytest

celery = pytest.importorskip("celery")

from celery.exceptions import SoftTimeLimitExceeded  # noqa: E402
from celery.utils.time import get_exponential_backoff_interval  # noqa: E402

from .test_retry import app, run  # noqa: E402

__all__ = ["app"]


def test_CEL105_without_a_limit_it_never_gives_up(app: Any) -> None:
    @app.task(shared=False, name="t", autoretry_for=(OSError,), max_retries=None)
    def task() -> None:
        raise OSError

    assert run(task, retries=100_000).state == "RETRY"


@pytest.mark.parametrize("error", [TypeError, KeyError, SoftTimeLimitExceeded])
def test_CEL106_every_error_is_retried(app: Any, error: type[Exception]) -> None:
    @app.task(shared=False, name="t", autoretry_for=(Exception,))
    def task() -> None:
        raise error

    assert run(task).state == "RETRY"


def test_CEL112_errors_of_requests_are_none_of_pythons_connection_errors() -> None:
    requests = pytest.importorskip("requests")
    for error in (requests.ConnectionError, requests.Timeout, requests.RequestException):
        assert not issubclass(error, (ConnectionError, TimeoutError))
        assert issubclass(error, OSError)
    assert issubclass(requests.ConnectTimeout, requests.RequestException)


def test_CEL112_errors_of_httpx_are_no_os_errors() -> None:
    httpx = pytest.importorskip("httpx")
    for error in (httpx.ConnectError, httpx.ConnectTimeout, httpx.ReadTimeout):
        assert not issubclass(error, OSError)
        assert issubclass(error, httpx.HTTPError)


def test_CEL117_three_retries_with_backoff_take_seven_seconds_at_most() -> None:
    waits = [get_exponential_backoff_interval(1, retry, 600) for retry in range(3)]
    assert waits == [1, 2, 4]


@pytest.mark.parametrize("given", ["text", 503, ["a"], {"a": 1}])
def test_CEL121_what_is_no_exception_cannot_be_raised(app: Any, given: Any) -> None:
    @app.task(shared=False, bind=True, name="t", max_retries=2)
    def task(self: Any) -> None:
        try:
            raise OSError("the error")
        except OSError:
            self.retry(exc=given)

    ended = run(task, retries=2)
    assert (ended.state, type(ended.result).__name__) == ("FAILURE", "TypeError")


@pytest.mark.parametrize("given", ["", 0, None])
def test_CEL121_false_values_count_as_none(app: Any, given: Any) -> None:
    @app.task(shared=False, bind=True, name="t", max_retries=2)
    def task(self: Any) -> None:
        self.retry(exc=given)

    assert type(run(task, retries=2).result).__name__ == "MaxRetriesExceededError"


@pytest.mark.parametrize("option", ["delay", "wait", "countdwn", "retry_backoff"])
def test_CEL122_unknown_options_do_not_change_the_delay(app: Any, option: str) -> None:
    @app.task(shared=False, bind=True, name="t")
    def task(self: Any) -> None:
        self.retry(**{option: 5})

    assert run(task).delays == [180]
