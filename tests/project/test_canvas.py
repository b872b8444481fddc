"""What canvas expressions build."""

from __future__ import annotations

import pytest

from flake8_celery.project.canvas import Canvas

from .build import project

TASKS = """
    from celery import shared_task

    @shared_task
    def a(x=0): ...

    @shared_task
    def b(x=0): ...
"""


def canvases(text: str) -> list[Canvas]:
    made = project(
        tasks=TASKS,
        views=f"from celery import *\nfrom celery import chain, chord, group, signature\n"
        f"from tasks import a, b\n{text}",
    )
    return [c for c in made.all(Canvas) if c.module.path == "views.py"]


def first(text: str) -> Canvas:
    """The outermost canvas of the last line."""
    found = canvases(text)
    last = found[-1].span[0]
    return min((c for c in found if c.span[0] == last), key=lambda c: (c.span[1], -c.span[3]))


def steps(canvas: Canvas) -> list[str]:
    return [step.task.shown if step.task else step.kind for step in canvas.steps]


@pytest.mark.parametrize(
    ("text", "kind", "names"),
    [
        ("chain(a.s(), b.s())", "chain", ["a", "b"]),
        ("chain([a.s(), b.s()])", "chain", ["a", "b"]),
        ("a.s() | b.s() | a.s()", "chain", ["a", "b", "a"]),
        ("a.s() | (b.s() | a.s())", "chain", ["a", "b", "a"]),
        ("group(a.s(), b.s())", "group", ["a", "b"]),
        ("group(a.s(), b.s()) | b.s()", "chain", ["group", "b"]),
        ("chord([a.s()], b.s())", "chord", ["group", "b"]),
        ("chord([a.s()])(b.s())", "chord", ["group", "b"]),
        ("chord(header=[a.s()], body=b.s())", "chord", ["group", "b"]),
        ("chain(a.s(), other)", "chain", ["a", "unknown"]),
        ("chain(a.s(), signature('tasks.b'))", "chain", ["a", "b"]),
    ],
)
def test_what_is_built(text: str, kind: str, names: list[str]) -> None:
    canvas = first(text)
    assert (canvas.kind, steps(canvas), canvas.open) == (kind, names, False)


def test_how_many_steps_is_not_known() -> None:
    assert first("group(a.s(x) for x in xs)").open
    assert steps(first("group(a.s(x) for x in xs)")) == ["a"]
    assert first("chain(*xs, a.s())").open
    assert first("chain(xs)").open


@pytest.mark.parametrize(
    ("text", "immutable"),
    [
        ("a.s(1)", False),
        ("a.si(1)", True),
        ("a.signature((1,))", False),
        ("a.signature((1,), immutable=True)", True),
        ("a.s(1).set(immutable=True)", True),
        ("a.s(1).set(countdown=3)", False),
        ("a.signature((1,), immutable=maybe)", None),
    ],
)
def test_immutability(text: str, immutable: bool | None) -> None:
    assert first(text).immutable is immutable


def test_options_of_a_signature() -> None:
    assert list(first("a.s(1).set(countdown=3, queue='x')").options) == ["countdown", "queue"]
    assert list(first("a.signature((1,), eta=now)").options) == ["eta"]


def test_a_local_name() -> None:
    canvas = first("def f():\n    step = b.si(1)\n    return a.s() | step")
    assert steps(canvas) == ["a", "b"]
    assert canvas.steps[1].immutable


def test_a_name_that_may_be_several_is_not_followed() -> None:
    canvas = first("def f(x):\n    step = b.s()\n    step = x\n    return a.s() | step")
    assert steps(canvas) == ["a", "unknown"]


def test_a_signature_that_is_changed_in_place() -> None:
    text = "def f():\n    step = b.s()\n    step.set(immutable=True)\n    return a.s() | step"
    assert first(text).steps[1].immutable is None


def test_chain_of_itertools_is_none() -> None:
    made = project(tasks=TASKS, views="from itertools import chain\nchain([1], [2])")
    assert [c for c in made.all(Canvas) if c.module.path == "views.py"] == []
