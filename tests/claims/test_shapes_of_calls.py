"""What the rules about `args`, names and members of a canvas claim, asked of Celery itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

celery = pytest.importorskip("celery")

from celery import Celery, chain, chord, group, signature  # noqa: E402

BROKEN = (TypeError, AttributeError)


@pytest.fixture
def app() -> Celery:
    return Celery("claims", broker="memory://", backend="cache+memory://", set_as_current=False)


@pytest.fixture
def add(app: Celery) -> Any:
    @app.task(name="add")
    def add(a: int = 0, b: int = 0) -> int:
        return 1

    return add


@pytest.mark.parametrize("args", [5, True, "ab", b"ab", {"a": 1}, {1, 2}, (n for n in [1])])
def test_CEL224_args_are_a_list_or_a_tuple(app: Celery, add: Any, args: Any) -> None:
    with pytest.raises(TypeError):
        add.apply_async(args)
    with pytest.raises(TypeError):
        app.send_task("add", args)


@pytest.mark.parametrize("kwargs", [["a"], (1, 2), {"a"}, [("a", 1)], "ab", 5])
def test_CEL224_kwargs_are_a_dict(app: Celery, add: Any, kwargs: Any) -> None:
    with pytest.raises(TypeError):
        add.apply_async((), kwargs)
    with pytest.raises(TypeError):
        app.send_task("add", (), kwargs)
    with pytest.raises(BROKEN):
        repr(add.signature((), kwargs))


@pytest.mark.parametrize("nothing", ["", 0, {}, set(), None, ()])
def test_CEL224_what_is_empty_passes(app: Celery, add: Any, nothing: Any) -> None:
    assert add.apply_async(nothing).id
    assert app.send_task("add", nothing).id


def test_CEL224_a_signature_splits_a_text(add: Any) -> None:
    assert tuple(add.signature("ab").args) == ("a", "b")
    assert tuple(add.signature({"x": 1}).args) == ("x",)
    with pytest.raises(TypeError):
        add.signature(1, 2).delay()


def test_CEL224_apply_splits_a_text_and_fails_on_a_number(add: Any) -> None:
    assert add.apply("ab").get() == 1
    with pytest.raises(TypeError):
        add.apply(5).get()


def test_CEL232_a_name_that_nobody_has_is_sent(app: Celery, add: Any) -> None:
    assert app.send_task("ad").id
    assert signature("ad", app=app).delay().id
    assert "ad" not in app.tasks


BUILT: dict[str, Callable[[Any], Any]] = {
    "a task in a group": lambda t: group(t, t.s())(),
    "a task in a list of a group": lambda t: group([t.s(), t])(),
    "a task alone in a group": lambda t: group(t)(),
    "a task in a chain": lambda t: chain(t.s(), t)(),
    "a task first in a chain": lambda t: chain(t, t.s())(),
    "a task as a chord's body": lambda t: chord([t.s()], t)(),
    "a task as the body of a called chord": lambda t: chord([t.s()])(t),
    "a task in a chord's group": lambda t: chord(group(t.s(), t), t.s())(),
    "a task behind a pipe": lambda t: t.s() | t,
    "a task before a pipe": lambda t: t | t.s(),
    "a task behind a group's pipe": lambda t: (group(t.s(), t.s()) | t).delay(),
    "a result in a group": lambda t: group(t.delay(1), t.s())(),
    "a list of results": lambda t: group([t.delay(1), t.delay(2)])(),
    "a result alone": lambda t: group(t.delay(1))(),
    "a result in a chain": lambda t: chain(t.s(), t.delay(1))(),
    "a result in a chord's header": lambda t: chord([t.s(), t.delay()], t.s())(),
    "a result as a chord's body": lambda t: chord([t.s()], t.delay())(),
    "a result behind a pipe": lambda t: t.s() | t.delay(1),
    "a call in a group": lambda t: group(t(1), t.s())(),
    "a call in a chain": lambda t: chain(t.s(), t(1))(),
    "a call behind a pipe": lambda t: t.s() | t(1),
}


@pytest.mark.parametrize("what", BUILT)
def test_CEL273_members_are_signatures(add: Any, what: str) -> None:
    with pytest.raises(BROKEN):
        BUILT[what](add)


def test_CEL273_a_chord_makes_signatures_of_the_tasks_in_its_header(add: Any) -> None:
    assert chord([add, add], add.s())().id
