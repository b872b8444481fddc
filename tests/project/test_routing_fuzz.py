"""Random routes and calls: the queue that we name is the one that Celery publishes to.

Each example is a module with an app, its routes, a task and a call.  It is read by us, and run
under the installed Celery with a producer that sends nothing.
"""

from __future__ import annotations

import warnings
from typing import Any
from unittest.mock import MagicMock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flake8_celery.project.destination import destination_of
from flake8_celery.project.dispatch import Dispatch
from flake8_celery.project.tasks import Task
from flake8_celery.rule import Undecided
from flake8_celery.rules.priorities import named_queue

from ..fuzz import examples
from .build import project

pytest.importorskip("celery")

WORDS = ("shop", "mail", "tasks", "send", "send_all")
PARTS = (*WORDS, "*", "*", "se*", "s?nd*", "[st]asks*", "*_all", "", "**")
QUEUES = ("a", "b", "long-name")

task_names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(".".join)
globs = st.lists(st.sampled_from(PARTS), min_size=1, max_size=3).map(".".join)
expressions = st.sampled_from([r"shop\..*", r"(mail|shop)\.tasks", r".*send", r"^tasks$"])
patterns = st.one_of(
    globs.map(repr),
    globs.map(repr),
    task_names.map(repr),
    expressions.map("re.compile({!r})".format),
)
answers = st.one_of(
    st.sampled_from(QUEUES).map(repr),
    st.fixed_dictionaries(
        {},
        optional={
            "queue": st.sampled_from((*QUEUES, None, "")),
            "exchange": st.sampled_from(["e", None]),
            "routing_key": st.sampled_from(["r", None]),
            "priority": st.integers(0, 9),
        },
    ).map(repr),
)
pairs = st.tuples(patterns, answers)


def dict_of(given: list[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{key}: {answer}" for key, answer in given) + "}"


def list_of(given: list[tuple[str, str]]) -> str:
    return "[" + ", ".join(f"({key}, {answer})" for key, answer in given) + "]"


maps = st.lists(pairs, max_size=4).map(dict_of)
functions = st.sampled_from(["choose", "nothing", "'app.choose'", "'app.nothing'"])
# Most projects have no function among their routes, and we know nothing behind one.
routers = st.one_of(maps, maps, st.lists(pairs, max_size=4).map(list_of), functions)
tables = st.one_of(
    st.none().map(repr),
    maps,
    maps,
    st.lists(maps, max_size=3).map(lambda few: f"[{', '.join(few)}]"),
    st.lists(routers, max_size=3).map(lambda few: f"[{', '.join(few)}]"),
    st.lists(routers, max_size=3).map(lambda few: f"({''.join(one + ',' for one in few)})"),
)
options = st.fixed_dictionaries(
    {},
    optional={
        "queue": st.sampled_from((*QUEUES, None)),
        "exchange": st.sampled_from(["e", "e2", None]),
        "routing_key": st.sampled_from(["r", "r2", None]),
        "priority": st.integers(0, 9),
    },
)


@st.composite
def modules(draw: st.DrawFn) -> str:
    """A module with an app, routes, a task that `call` sends."""
    name = draw(task_names)
    own = draw(st.one_of(st.just({}), options))
    given = draw(st.one_of(st.just({}), options))
    default = draw(st.sampled_from([None, None, "d"]))
    keywords = "".join(f", {key}={value!r}" for key, value in own.items())
    arguments = ", ".join(["()", *(f"{key}={value!r}" for key, value in given.items())])
    return "\n".join(
        [
            "import re",
            "from celery import Celery",
            "app = Celery('x', broker='memory://', set_as_current=False, fixups=[])",
            "def choose(name, args, kwargs, options, task=None, **kw):",
            "    return {'queue': 'chosen'} if 'send' in name else None",
            "def nothing(name, args, kwargs, options, task=None, **kw):",
            "    return None",
            f"app.conf.task_routes = {draw(tables)}",
            "" if default is None else f"app.conf.task_default_queue = {default!r}",
            f"@app.task(name={name!r}, shared=False{keywords})",
            "def work():",
            "    pass",
            "def call(producer):",
            f"    return work.apply_async({arguments}, producer=producer)",
        ]
    )


class Sent:
    """Stands for a producer; remembers the queue of the last message."""

    def __init__(self) -> None:
        self.connection = MagicMock()
        self.queue: str | None = None

    def publish(self, body: Any, declare: Any = None, **options: Any) -> None:
        self.queue = declare[0].name if declare else None


def celery_sends(text: str) -> tuple[Any, Any]:
    """The queues of a bare call and of the module's own; None where an exchange takes it, an
    error where Celery refuses."""
    import sys
    import types

    # A router that is named is imported.
    module = types.ModuleType("app")
    sys.modules["app"] = module
    found: list[Any] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(text, "app.py", "exec"), module.__dict__)
            for call in (
                lambda producer: module.work.apply_async((), producer=producer),
                module.call,
            ):
                sent = Sent()
                try:
                    call(sent)
                except Exception as error:
                    found.append(error)
                else:
                    found.append(sent.queue)
    finally:
        del sys.modules["app"]
    return found[0], found[1]


@examples(250, 10_000)
@given(modules())
def test_the_queue_of_a_message(text: str) -> None:
    bare, called = celery_sends(text)
    read = project({"app.py": text})
    (task,) = read.all(Task)
    try:
        ours = destination_of(task).queue
    except Undecided:
        return
    assert ours == bare
    (call,) = read.all(Dispatch)
    assert not call.open_options
    queue = named_queue(call)
    if queue:
        assert queue == called
    elif not call.options.keys() & {"exchange", "routing_key", "queue"}:
        assert ours == called
