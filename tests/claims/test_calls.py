"""What the rules about calls, arguments and canvas say, asked of Celery itself."""

from __future__ import annotations

import datetime
import enum
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("celery")

from celery import Celery, Task, chain, chord, group
from celery.signals import before_task_publish
from celery.utils.time import maybe_iso8601, maybe_make_aware
from kombu.exceptions import EncodeError

app = Celery("claims", broker="memory://", set_as_current=False)


@app.task(shared=False)
def add(x: int, y: int) -> int:
    return x + y


@app.task(shared=False)
def scale(x: int, by: int = 1) -> list[int]:
    return [x, by]


@app.task(shared=False)
def positional(x: int, /) -> int:
    return x


@app.task(shared=False)
def swallow(**kwargs: object) -> dict[str, object]:
    return kwargs


class Registered(Task):
    name = "registered"

    def run(self, x: int) -> int:
        return x


registered = app.register_task(Registered())


@pytest.fixture
def published() -> Iterator[list[dict[str, Any]]]:
    """What is handed to the broker while a test runs: headers, body and properties."""
    seen: list[dict[str, Any]] = []

    def remember(headers: Any = None, body: Any = None, properties: Any = None, **_: Any) -> None:
        seen.append({"headers": headers, "body": body, "properties": properties})

    before_task_publish.connect(remember, weak=False)
    yield seen
    before_task_publish.disconnect(remember)


# CEL220


@pytest.mark.parametrize(
    ("send", "message"),
    [
        (lambda: add.delay(1), "missing 1 required positional argument: 'y'"),
        (lambda: add.delay(1, 2, 3), "takes 2 positional arguments but 3 were given"),
        (lambda: add.apply_async((1,), {"z": 2}), "got an unexpected keyword argument 'z'"),
    ],
)
def test_CEL220_a_call_that_does_not_fit_raises_when_it_is_sent(
    send: Callable[[], object], message: str
) -> None:
    with pytest.raises(TypeError) as caught:
        send()
    assert message in str(caught.value)


def test_CEL220_classes_and_positional_only_parameters_are_not_checked_when_sent() -> None:
    registered.delay()
    positional.delay(x=1)
    with pytest.raises(TypeError):
        positional.apply(kwargs={"x": 1}).get()
    with pytest.raises(TypeError):
        registered.apply().get()


# CEL221, CEL222, CEL223


def test_CEL221_a_task_never_gets_an_argument_that_is_given_as_an_option(
    published: list[dict[str, Any]],
) -> None:
    scale.apply_async((1,), by=5)
    arguments, keywords, _ = published[0]["body"]
    assert (list(arguments), keywords) == ([1], {})
    assert published[0]["properties"]["by"] == 5


def test_CEL222_delay_hands_options_to_the_task(published: list[dict[str, Any]]) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'countdown'"):
        add.delay(1, 2, countdown=5)
    with pytest.raises(TypeError, match="unexpected keyword argument 'countdown'"):
        add.s(1, 2, countdown=5).delay()
    swallow.delay(countdown=5)
    assert published[0]["body"][1] == {"countdown": 5}
    assert published[0]["headers"]["eta"] is None


def test_CEL223_unknown_options_become_properties(published: list[dict[str, Any]]) -> None:
    add.apply_async((1, 2), max_retries=5, banana=3)
    assert published[0]["properties"]["max_retries"] == 5
    assert published[0]["properties"]["banana"] == 3


@pytest.mark.parametrize("option", ["name", "result_cls", "task_type"])
def test_CEL223_some_options_are_given_twice(option: str) -> None:
    with pytest.raises(TypeError, match="multiple values"):
        add.apply_async((1, 2), **{option: "x"})


# CEL226


def test_CEL226_a_naive_time_is_taken_for_utc(published: list[dict[str, Any]]) -> None:
    noon = datetime.datetime(2030, 1, 1, 12)
    app.conf.timezone = "Asia/Tokyo"
    try:
        add.apply_async((1, 2), eta=noon)
    finally:
        app.conf.timezone = None
    # `celery/worker/request.py` reads the header like this, whatever `timezone` says.
    eta = maybe_make_aware(maybe_iso8601(published[0]["headers"]["eta"]))
    assert eta == noon.replace(tzinfo=datetime.UTC)


# CEL234


def test_CEL234_building_sends_nothing(published: list[dict[str, Any]]) -> None:
    add.s(1, 2)
    chain(add.s(1, 2), scale.s())
    group(add.s(1, 2))
    chord([add.s(1, 2)], swallow.si())
    assert published == []


# CEL260


def test_CEL260_a_step_gets_the_result_before_its_own_arguments() -> None:
    step = scale.s(7)
    assert step.clone((1,)).args == (1, 7)
    assert scale.si(7).clone((1,)).args == (7,)
    with pytest.raises(TypeError, match="takes 0 positional arguments but 1 was given"):
        swallow.s().apply_async((1,))


def test_CEL260_the_first_step_has_to_fit() -> None:
    with pytest.raises(TypeError, match="missing 2 required"):
        chain(add.s(), scale.s())()


# CEL154, CEL267


@pytest.mark.parametrize("name", ["state", "status", "result", "info", "traceback", "children"])
def test_CEL154_states_need_a_backend(name: str) -> None:
    result = add.delay(1, 2)
    with pytest.raises(AttributeError):
        getattr(result, name)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("get", NotImplementedError),
        ("wait", NotImplementedError),
        ("ready", AttributeError),
        ("successful", AttributeError),
        ("failed", AttributeError),
    ],
)
def test_CEL154_questions_need_a_backend(name: str, error: type[Exception]) -> None:
    result = add.delay(1, 2)
    with pytest.raises(error):
        getattr(result, name)()


@pytest.mark.parametrize(
    "send",
    [
        lambda: chord([add.s(1, 1), add.s(2, 2)], swallow.si())(),
        lambda: chord([add.s(1, 1)], swallow.si())(),
        lambda: (group(add.s(1, 1)) | swallow.si()).delay(),
        lambda: chain(group(add.s(1, 1), add.s(2, 2)), swallow.si()).delay(),
    ],
)
def test_CEL267_chords_need_a_backend(send: Callable[[], object]) -> None:
    with pytest.raises(NotImplementedError, match="chord"):
        send()


def test_CEL267_a_group_of_one_inside_chain_is_no_chord(published: list[dict[str, Any]]) -> None:
    chain(group(add.s(1, 1)), swallow.si()).delay()
    chain(add.si(1, 1), group(add.s(2), add.s(3))).delay()
    assert len(published) == 2


def test_CEL267_rpc_refuses_chords() -> None:
    other = Celery("rpc", broker="memory://", backend="rpc://", set_as_current=False)

    @other.task(shared=False)
    def task(x: int) -> int:
        return x

    with pytest.raises(NotImplementedError, match="rpc"):
        chord([task.s(1), task.s(2)], task.si(1))()


# CEL204


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize(
    "value",
    [
        {1},
        frozenset(),
        range(3),
        (n for n in [1]),
        map(str, [1]),
        {1: 2}.keys(),
        lambda: 1,
        len,
        Colour,
        Colour.RED,
        ValueError("x"),
        datetime.timedelta(1),
        pathlib.Path("x"),
        add,
        {(1, 2): 3},
        {b"x": 1},
        {datetime.date(2030, 1, 1): 1},
        [{"deep": {1}}],
    ],
    ids=lambda value: type(value).__name__,
)
def test_CEL204_json_cannot_encode(value: object) -> None:
    with pytest.raises(EncodeError):
        scale.delay(value)


def test_CEL204_json_cannot_encode_a_result() -> None:
    with pytest.raises(EncodeError):
        scale.delay(scale.delay(1))


@pytest.mark.parametrize(
    "value",
    [b"x", (1, 2), datetime.datetime(2030, 1, 1), datetime.date(2030, 1, 1), {1: 2, None: 3}],
)
def test_CEL204_json_can_encode(value: object) -> None:
    scale.delay(value)


def test_CEL204_a_signature_can_be_passed() -> None:
    scale.delay(scale.s(1))
