"""Calls joined with their tasks, whatever the task is called on."""

from __future__ import annotations

import pytest

from flake8_celery.project import Project
from flake8_celery.project.dispatch import Dispatch, ResultUse

from .build import project

TASKS = """
    from celery import Celery

    app = Celery("shop", broker="memory://")

    @app.task(name="shop.index")
    def index(pk, kind="x"):
        print(pk)

    @app.task(bind=True)
    def again(self, pk):
        self.delay(pk)
        again.apply_async((pk,))
"""


def shown(made: Project, path: str = "views.py") -> list[tuple[str, str | None]]:
    """The dispatches of a module: method, and the task's function."""
    return [
        (d.method, d.task.shown if d.task else None)
        for d in made.all(Dispatch)
        if d.module.path == path
    ]


def only(text: str) -> Dispatch:
    """The last dispatch of a module that calls `index`."""
    made = project(tasks=TASKS, views=text)
    return [d for d in made.all(Dispatch) if d.module.path == "views.py"][-1]


@pytest.mark.parametrize(
    "text",
    [
        "from tasks import index\nindex.delay(1)",
        "import tasks\ntasks.index.delay(1)",
        "from tasks import index as renamed\nrenamed.delay(1)",
        "from tasks import *\nindex.delay(1)",
        "def view():\n    from tasks import index\n    index.delay(1)",
        "from tasks import index\nalias = index\nalias.delay(1)",
        "from tasks import app\napp.tasks['shop.index'].delay(1)",
        "from tasks import app\nNAME = 'shop.index'\ntask = app.tasks[NAME]\ntask.delay(1)",
        "from celery import current_app\ncurrent_app.tasks['shop.index'].delay(1)",
    ],
)
def test_ways_to_reach_a_task(text: str) -> None:
    assert shown(project(tasks=TASKS, views=text)) == [("delay", "index")]


def test_a_task_that_is_sent_by_name() -> None:
    made = project(tasks=TASKS, views="from tasks import app\napp.send_task('shop.index', (1,))")
    assert shown(made) == [("send_task", "index")]


def test_a_task_in_its_own_body() -> None:
    made = project(tasks=TASKS)
    assert shown(made, "tasks.py") == [("delay", "again"), ("apply_async", "again")]
    assert {d.caller.shown if d.caller else None for d in made.all(Dispatch)} == {"again"}


@pytest.mark.parametrize(
    "text",
    [
        "def view(index):\n    index.delay(1)",
        "from rq import index\nindex.delay(1)",
        "class Own:\n    def delay(self): ...\n    def run(self):\n        self.delay()",
        "from multiprocessing import Pool\nPool().apply_async(print)",
    ],
)
def test_what_is_no_task(text: str) -> None:
    assert shown(project(tasks=TASKS, views=text)) == []


def test_what_the_task_gets() -> None:
    dispatch = only("from tasks import index\nindex.apply_async((1, 2), {'kind': 3}, countdown=4)")
    assert dispatch.arguments is not None and dispatch.keywords is not None
    assert [argument[2] for argument in dispatch.arguments] == [1, 2]
    assert {name: value[2] for name, value in dispatch.keywords.items()} == {"kind": 3}
    assert list(dispatch.options) == ["countdown"]
    assert not dispatch.open_options


@pytest.mark.parametrize(
    "arguments", ["*xs", "1, **options", "args=xs", "args=(1, *xs)", "(1,), {**options}"]
)
def test_arguments_that_are_not_known(arguments: str) -> None:
    method = "delay" if arguments.startswith(("*", "1")) else "apply_async"
    dispatch = only(f"from tasks import index\ndef f(xs, options): index.{method}({arguments})")
    assert dispatch.arguments is None or dispatch.keywords is None


def test_a_local_name_for_arguments() -> None:
    dispatch = only("from tasks import index\ndef f():\n    a = [1, 2]\n    index.apply_async(a)")
    assert dispatch.arguments is not None and len(dispatch.arguments) == 2


def test_a_partial_is_complete_when_on_commit_calls_it() -> None:
    head = "from functools import partial\nfrom django.db import transaction\n"
    head += "from tasks import index\n"
    assert only(head + "transaction.on_commit(partial(index.delay, 1))").complete
    assert not only(head + "later(partial(index.delay, 1))").complete


def test_a_signature_gets_more_arguments_when_it_is_sent() -> None:
    dispatch = only("from tasks import index\nindex.s(2).delay(1)")
    first = project(tasks=TASKS, views="from tasks import index\nindex.s(2).delay(1)")
    sent = next(d for d in first.all(Dispatch) if d.canvas is not None)
    assert dispatch.task is not None and sent.task is not None
    assert [argument[2] for argument in sent.arguments or []] == [1, 2]


def test_uses_of_results() -> None:
    made = project(
        tasks=TASKS,
        views="""
            from celery.result import AsyncResult
            from tasks import app, index

            def view(task_id, other):
                result = index.delay(1)
                print(result.state)
                result.get(timeout=3)
                index.apply_async((1,)).get()
                AsyncResult(task_id).ready()
                app.AsyncResult(task_id).info
                index.AsyncResult(task_id).info
                other.get()
                return result.id
        """,
    )
    uses = [(u.method, u.source is not None) for u in made.all(ResultUse)]
    assert uses == [
        ("state", True),
        ("get", True),
        ("get", True),
        ("ready", False),
        ("info", False),
        ("info", False),
    ]
    assert all(use.result.app is not None for use in made.all(ResultUse))


def test_a_name_that_is_assigned_twice_is_no_result() -> None:
    text = "from tasks import index\ndef f(x):\n    r = index.delay(1)\n    r = x\n    r.get()"
    assert project(tasks=TASKS, views=text).all(ResultUse) == []
