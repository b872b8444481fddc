from __future__ import annotations

from typing import TYPE_CHECKING

from celery import Celery

if TYPE_CHECKING:
    from collections.abc import Sequence

app = Celery("conditional", broker="memory://")


@app.task
def early(xs: Sequence[int]) -> None: ...


if hasattr(app, "task"):

    @app.task
    def sometimes(x): ...


@app.task(name="app.twice")
def first_of_two(a): ...


def make(prefix):
    @app.task(name="app.made")
    def inner(x):
        return x

    return inner


made = make("p")


def plain(a, b=1):
    return a


named = app.task(plain, name="app.named", queue="named")
also = app.task(plain, name="app.also", time_limit=4)
