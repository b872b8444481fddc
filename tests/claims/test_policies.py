"""What the rules about late acknowledgement, prefetching, failures and overlap say, against
Celery."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

celery = pytest.importorskip("celery", minversion="5.7")

from billiard.einfo import ExceptionInfo  # noqa: E402
from celery import Celery  # noqa: E402
from celery.app.trace import build_tracer  # noqa: E402
from celery.beat import Scheduler  # noqa: E402
from celery.schedules import crontab  # noqa: E402
from celery.worker.components import Consumer as ConsumerStep  # noqa: E402
from celery.worker.consumer.tasks import Tasks  # noqa: E402
from celery.worker.request import Request  # noqa: E402


def app(**settings: Any) -> Celery:
    return Celery("claims", broker="memory://", set_as_current=False, **settings)


def made_task(made: Celery, function: Any, **options: Any) -> Any:
    return made.task(shared=False, name=function.__name__, **options)(function)


def run(made: Celery, task: Any) -> list[str]:
    """Runs a task as a worker does; gives what happens to its message, and when."""
    happened: list[str] = []
    message = MagicMock(headers={"id": "1", "task": task.name}, properties={}, delivery_info={})
    request = Request(
        message,
        app=made,
        task=task,
        on_ack=lambda *_: happened.append("ack"),
        on_reject=lambda log, errors, requeue: happened.append(f"reject, requeue={requeue}"),
        decoded=True,
        body=((), {}, {}),
    )
    request.on_accepted(1, 0.0)
    happened.append("run")
    trace = build_tracer(task.name, task, app=made)
    answer = trace("1", (), {}, {"id": "1", "delivery_info": {}})
    if isinstance(answer.retval, ExceptionInfo):
        request.on_failure(answer.retval)
    else:
        request.on_success((False, answer.retval, 0.0))
    return happened


def stored(**options: Any) -> dict[str, Any]:
    """What the backend holds after a run of a task with these options."""
    function = options.pop("function")
    made = app(backend="cache+memory://")
    task = made_task(made, function, **options)
    made.backend.forget("1")
    run(made, task)
    found: dict[str, Any] = made.backend.get_task_meta("1")
    return found


def fail() -> None:
    raise KeyError("x")


def succeed() -> None:
    pass


def test_cel021_by_default_a_message_is_acknowledged_before_the_task_runs() -> None:
    made = app()
    assert run(made, made_task(made, succeed)) == ["ack", "run"]
    made = app()
    assert run(made, made_task(made, succeed, acks_late=True)) == ["run", "ack"]


@pytest.mark.parametrize(
    ("options", "happens"),
    [
        ({}, ["ack", "run"]),
        ({"acks_late": True}, ["run", "ack"]),
        (
            {"acks_late": True, "acks_on_failure_or_timeout": False},
            ["run", "reject, requeue=False"],
        ),
        ({"acks_late": True, "acks_on_failure": False}, ["run", "reject, requeue=False"]),
    ],
)
def test_cel419_a_failed_message_is_acknowledged_late_or_early(
    options: dict[str, Any], happens: list[str]
) -> None:
    made = app()
    assert run(made, made_task(made, fail, **options)) == happens


@pytest.mark.parametrize(
    ("options", "state"),
    [
        ({}, "FAILURE"),
        ({"ignore_result": True}, "PENDING"),
        ({"ignore_result": True, "store_errors_even_if_ignored": True}, "FAILURE"),
    ],
)
def test_cel419_an_ignored_result_hides_failures_as_well(
    options: dict[str, Any], state: str
) -> None:
    assert stored(function=fail, **options)["status"] == state


@pytest.mark.parametrize(("ignored", "state"), [(False, "SUCCESS"), (True, "PENDING")])
def test_cel166_a_task_that_returns_nothing_stores_none(ignored: bool, state: str) -> None:
    found = stored(function=succeed, ignore_result=ignored)
    assert (found["status"], found["result"]) == (state, None)


def test_cel441_a_worker_reserves_concurrency_times_multiplier() -> None:
    worker = MagicMock(max_concurrency=None, concurrency=4)
    worker.prefetch_multiplier = app().conf.worker_prefetch_multiplier
    step = MagicMock()
    ConsumerStep.create(step, worker)
    assert step.instantiate.call_args.kwargs["initial_prefetch_count"] == 16


@pytest.mark.parametrize(("driver", "patched"), [("redis", True), ("amqp", False), ("sqs", False)])
def test_cel441_prefetching_can_be_disabled_on_redis_alone(driver: str, patched: bool) -> None:
    def can_consume() -> bool:
        return True

    qos = SimpleNamespace(can_consume=can_consume, value=4)
    consumer = MagicMock()
    consumer.app = app(worker_disable_prefetch=True)
    consumer.connection.transport.driver_type = driver
    consumer.connection.qos_semantics_matches_spec = True
    consumer.task_consumer.channel.qos = qos
    consumer.app.amqp = MagicMock()
    consumer.app.amqp.TaskConsumer.return_value = consumer.task_consumer
    Tasks(consumer).start(consumer)
    assert (qos.can_consume is not can_consume) == patched


def scheduler(schedule: dict[str, Any]) -> Scheduler:
    made = Scheduler(app(task_default_queue="claims_beat"), lazy=True)
    made.update_from_dict(schedule)
    return made


def test_cel520_beat_sends_whether_or_not_the_last_run_is_over() -> None:
    made = scheduler({"a": {"task": "t", "schedule": 60}})
    entry = made.schedule["a"]
    for _ in range(2):
        entry.last_run_at = entry.default_now() - timedelta(seconds=60)
        assert entry.is_due().is_due
        made.apply_async(entry, advance=False)
    with made.app.connection_for_read() as connection:
        assert connection.default_channel.queue_declare("claims_beat").message_count == 2


def test_cel524_equal_intervals_start_together() -> None:
    made = scheduler({name: {"task": name, "schedule": 3600} for name in "abcde"})
    due = [entry.is_due() for entry in made.schedule.values()]
    assert not any(state.is_due for state in due)
    assert max(s.next for s in due) - min(s.next for s in due) < 1


def test_cel524_steps_from_another_minute_on() -> None:
    assert crontab(minute="1-59/15").minute == {1, 16, 31, 46}
    assert crontab(minute="2-59/5").minute == set(range(2, 60, 5))
