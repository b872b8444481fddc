"""What the rules on limits and definitions say of Celery, asked of Celery itself."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flake8_celery.celery.options import CALL_OPTIONS_ON_DECORATOR, CONFUSABLE, TASK_OPTIONS
from flake8_celery.project.tasks import Task
from flake8_celery.rules.definition import REPLACING
from flake8_celery.rules.limits import LIMITS, NEEDS_LATE_ACK, is_rate

from ..project.build import project

celery: Any = pytest.importorskip("celery")


@pytest.fixture
def app() -> Iterator[Any]:
    made = celery.Celery(
        "shop", broker="memory://", backend="cache+memory://", set_as_current=False
    )
    yield made
    made.close()


def nothing() -> None: ...


def add(x: int, y: int) -> int:
    return x + y


def unbound(self: Any, order: int) -> tuple[Any, int]:
    return self, order


def run(app: Any, task: Any, *args: Any) -> Any:
    """Runs a task as a worker's process does, and gives its state and result."""
    build_tracer = pytest.importorskip("celery.app.trace").build_tracer

    app.finalize()
    trace = build_tracer(task.name, app.tasks[task.name], app=app)
    return trace("id", args, {}, {"id": "id", "delivery_info": {}})


VALUES = st.sampled_from(["unset", "None", "5", "7"])


@settings(max_examples=60, deadline=None)
@given(
    option=st.sampled_from(["time_limit", "rate_limit", "max_retries", "soft_time_limit"]),
    decorator=VALUES,
    base=VALUES,
    setting=VALUES,
    own=VALUES,
    everyone=VALUES,
)
def test_effective_options_are_celerys(
    option: str, decorator: str, base: str, setting: str, own: str, everyone: str
) -> None:
    """Decorator, base class, setting and annotations, in every combination."""
    names = {"rate_limit": "task_default_rate_limit"}
    entries = {"pay": own, "*": everyone}
    annotations = ", ".join(
        f"{name!r}: {{{option!r}: {value}}}" for name, value in entries.items() if value != "unset"
    )
    keyword = "" if decorator == "unset" else f", {option}={decorator}"
    source = f"""
from celery import Celery, Task

app = Celery("shop", set_as_current=False)
app.conf.task_annotations = {{{annotations}}}
{"" if setting == "unset" else f"app.conf.{names.get(option, f'task_{option}')} = {setting}"}

class Base(Task):
    {"pass" if base == "unset" else f"{option} = {base}"}

@app.task(name="pay", base=Base, shared=False{keyword})
def pay(): ...
"""
    world: dict[str, Any] = {}
    exec(source, world)
    effective = getattr(world["pay"], option)
    older = celery.VERSION < (5, 7) and option in LIMITS
    if older and effective is None and "None" not in (own, everyone):
        # The worker's pool has the limits of the settings (`celery/worker/components.py`).
        effective = world["app"].conf[f"task_{option}"]
    (task,) = project(tasks=source).all(Task)
    value = task.option(option)
    default = 3 if option == "max_retries" else None
    assert (default if value is None else value.value) == effective


def test_cel010_no_limit_is_the_default(app: Any) -> None:
    task = app.task(nothing, shared=False, name="a")
    assert task.time_limit is None and task.soft_time_limit is None


@pytest.mark.parametrize("setting", [{}, {"task_time_limit": 60}, {"task_soft_time_limit": 300}])
def test_cel011_a_soft_limit_above_the_hard_one_cannot_be_sent(
    app: Any, setting: dict[str, int]
) -> None:
    app.conf.update(setting)
    limits = {"time_limit": 60, "soft_time_limit": 300}
    own = {name: limit for name, limit in limits.items() if f"task_{name}" not in setting}
    task = app.task(nothing, shared=False, name="a", **own)
    # Limits of the settings are the task's own since 5.7; before, the worker's pool has them.
    since = (5, 7) if setting else (5, 5)
    if since <= celery.VERSION:
        with pytest.raises(ValueError, match="soft_time_limit"):
            task.delay()


def test_cel011_equal_limits_and_zero_can_be_sent(app: Any) -> None:
    app.task(nothing, shared=False, name="a", time_limit=60, soft_time_limit=60).delay()
    app.task(nothing, shared=False, name="b", time_limit=0, soft_time_limit=60).delay()


@pytest.mark.parametrize("option", [*NEEDS_LATE_ACK])
@pytest.mark.parametrize("late", [True, False])
def test_cel022_flags_need_late_acknowledgement(app: Any, option: str, late: bool) -> None:
    ExceptionInfo = pytest.importorskip("billiard.einfo").ExceptionInfo
    errors = pytest.importorskip("celery.exceptions")
    Request = pytest.importorskip("celery.worker.request").Request

    if celery.VERSION < (5, 7) and option in OF_5_7:
        pytest.skip("an option of Celery 5.7")
    options = {option: NEEDS_LATE_ACK[option], "acks_late": late}
    task = app.task(nothing, shared=False, name="a", **options)
    app.finalize()
    message = Mock(headers={"id": "id", "task": "a"}, delivery_info={}, properties={})
    message.payload = ((), {}, {})
    request = Request(
        message,
        app=app,
        task=app.tasks[task.name],
        on_ack=Mock(),
        on_reject=Mock(),
        eventer=Mock(),
        decoded=True,
        headers={"id": "id", "task": "a"},
        body=((), {}, {}),
    )
    error: Exception = errors.WorkerLostError("gone")
    if option in ("acks_on_timeout", "acks_on_failure_or_timeout"):
        error = errors.TimeLimitExceeded(60)
    elif option == "acks_on_failure":
        error = KeyError("x")
    try:
        raise error
    except Exception:
        request.on_failure(ExceptionInfo())
    assert request.on_reject.called is late


@pytest.mark.parametrize(
    "text",
    [
        *("10/min", "10/ m", "10/M", "10m", "10/10s", "100/d", "ten", "10 / h", "/m"),
        *("", "10", "10/", "10/s", "0.5/m", "1e3/h", " 10 /m", "1_0/s"),
    ],
)
def test_cel035_grammar_of_rate_limits(text: str) -> None:
    rate = pytest.importorskip("celery.utils.time").rate

    try:
        rate(text)
    except (KeyError, ValueError):
        readable = False
    else:
        readable = True
    assert is_rate(text) is readable


def test_cel035_the_consumer_of_a_worker_does_not_start(app: Any) -> None:
    Consumer = pytest.importorskip("celery.worker.consumer").Consumer

    app.task(nothing, shared=False, name="a", rate_limit="10/min")
    app.finalize()
    with pytest.raises(KeyError):
        Consumer(Mock(), app=app, pool=Mock(), timer=Mock())


def test_cel050_unknown_options_become_attributes(app: Any) -> None:
    task = app.task(nothing, shared=False, name="a", **dict.fromkeys(CONFUSABLE, 99))
    for wrong, right in CONFUSABLE.items():
        assert getattr(task, wrong) == 99
        if right not in ("name", "base", "bind", "backend"):
            assert getattr(task, right, None) != 99, right


OF_5_7 = frozenset({"acks_on_failure", "acks_on_timeout", "retry_on_worker_lost"})


def test_cel050_every_known_option_is_one(app: Any) -> None:
    import inspect

    modules = [pytest.importorskip(f"celery.app.{name}") for name in ("autoretry", "base", "task")]
    sources = "".join(inspect.getsource(module) for module in modules)
    for option in TASK_OPTIONS:
        since = (5, 7) if option in OF_5_7 else (5, 5) if option.startswith("pydantic") else (5, 3)
        assert option in sources or since > celery.VERSION, option


def test_cel051_options_of_a_call_are_not_taken_from_the_task(app: Any) -> None:
    ignored = {name: "x" for name in CALL_OPTIONS_ON_DECORATOR if name not in ("args", "kwargs")}
    task = app.task(nothing, shared=False, name="a", **ignored)
    assert not set(task._get_exec_options()) & set(ignored)


def test_cel057_one_of_two_tasks_of_a_name_is_lost(app: Any) -> None:
    def say(word: str) -> Any:
        def task() -> str:
            return word

        return app.task(task, shared=False, name="pay")

    first, second = say("first"), say("second")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app.finalize()
        assert first() == second() == app.tasks["pay"]()


def still_a_task(decorated: Any) -> bool:
    return hasattr(decorated, "delay")


@pytest.mark.parametrize(
    "decorator", [functools.cache, functools.lru_cache, contextlib.contextmanager]
)
def test_cel061_decorators_above_hide_the_task(app: Any, decorator: Callable[..., Any]) -> None:
    assert f"{decorator.__module__}.{decorator.__name__}" in REPLACING
    assert not still_a_task(decorator(app.task(nothing, shared=False, name="a")))


@pytest.mark.parametrize(
    "name", [name for name in REPLACING if name.startswith(("django.", "asgiref."))]
)
def test_cel061_decorators_of_django_hide_the_task(app: Any, name: str) -> None:
    from importlib import import_module

    conf = pytest.importorskip("django.conf")
    if not conf.settings.configured:
        conf.settings.configure(DATABASES={}, LOGIN_URL="/")
    module, _, attribute = name.rpartition(".")
    decorator = getattr(import_module(module), attribute)
    if attribute == "permission_required":
        decorator = decorator("shop.pay")
    if attribute == "override_settings":
        decorator = decorator(DEBUG=True)
    assert not still_a_task(decorator(app.task(nothing, shared=False, name="a")))


async def coroutine_function() -> str:
    raise AssertionError("never runs")


def generator_function() -> Iterator[int]:
    raise AssertionError("never runs")
    yield 1


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize("function", [coroutine_function, generator_function])
def test_cel065_cel066_the_body_never_runs(app: Any, function: Callable[..., Any]) -> None:
    task = app.task(function, shared=False, name="a")
    result = run(app, task)
    assert "EncodeError" in type(result.retval).__name__ + str(result.info or "") or (
        task.AsyncResult("id").state == "FAILURE"
    )
    ignoring = app.task(function, shared=False, name="b", ignore_result=True)
    outcome = run(app, ignoring).retval
    assert asyncio.iscoroutine(outcome) or hasattr(outcome, "send")


def test_cel068_a_class_is_not_registered_by_itself(app: Any) -> None:
    class Pay(celery.Task):  # type: ignore[misc]
        name = "pay"

        def run(self) -> None: ...

    pay = Pay()
    pay.bind(app)
    pay.delay()
    app.finalize()
    assert "pay" not in app.tasks
    app.register_task(Pay())
    assert "pay" in app.tasks


def test_cel080_a_bound_function_needs_a_parameter(app: Any) -> None:
    task = app.task(nothing, shared=False, name="a", bind=True)
    with pytest.raises((TypeError, IndexError)):
        task.delay()
    adding = app.task(add, shared=False, name="b", bind=True)
    with pytest.raises(TypeError):
        adding.delay(1, 2)


def test_cel081_self_is_the_first_argument_of_the_caller(app: Any) -> None:
    task = app.task(unbound, shared=False, name="a")
    with pytest.raises(TypeError):
        task.delay(1)
    assert run(app, task, 1, 2).retval == (1, 2)
