"""Which functions and classes are tasks, and what is known of them."""

from __future__ import annotations

import pytest

from flake8_celery.extract import extract
from flake8_celery.project import Project
from flake8_celery.project.tasks import Task, matches_name, registry_closed, tasks_named
from flake8_celery.rule import Undecided
from flake8_celery.source import Source

from .build import project

APP = """
    from celery import Celery

    app = Celery("shop")
    """


def tasks(found: Project) -> dict[str, Task]:
    return {task.shown: task for task in found.all(Task)}


def only(found: Project) -> Task:
    (task,) = found.all(Task)
    return task


# What makes a task


@pytest.mark.parametrize(
    "decorated",
    [
        "from celery import shared_task\n\n@shared_task\ndef pay(order): ...",
        "from celery import shared_task\n\n@shared_task(bind=False)\ndef pay(order): ...",
        "import celery\n\n@celery.shared_task()\ndef pay(order): ...",
        "from celery import app\n\n@app.shared_task\ndef pay(order): ...",
        "from celery import current_app\n\n@current_app.task\ndef pay(order): ...",
        "from app import app\n\n@app.task\ndef pay(order): ...",
        "from app import app as queue\n\n@queue.task(name='pay')\ndef pay(order): ...",
        "import app\n\n@app.app.task\ndef pay(order): ...",
        "from app import app\n\ndef pay(order): ...\n\nrun = app.task(pay)",
        "from celery import shared_task\n\ndef pay(order): ...\n\nrun = shared_task(bind=1)(pay)",
    ],
)
def test_direct_ways_to_make_a_task(decorated: str) -> None:
    task = only(project({"app.py": APP, "tasks.py": decorated}))
    assert task.shown == "pay"
    assert [app.main for app in task.apps] == ["shop"]


@pytest.mark.parametrize(
    "decorated",
    [
        "from invoke import task\n\n@task\ndef celery_pay(c): ...",
        "from procrastinate import App\n\napp = App()\n\n@app.task(queue='celery')\ndef pay(): ...",
        "from rq import job\n\n@job('celery')\ndef pay(): ...",
        "def task(function): return function\n\n@task\ndef celery_pay(): ...",
    ],
)
def test_other_peoples_tasks_are_none(decorated: str) -> None:
    assert project(tasks=decorated).all(Task) == []


WRAPPERS = {
    "1 a function that returns shared_task(...)": """
        def my_task(*args, **kwargs):
            return shared_task(*args, base=Base, **kwargs)
        """,
    "2 a decorator factory around an inner task": """
        def my_task(**options):
            def decorate(function):
                @shared_task(base=Base, **options)
                @wraps(function)
                def inner(*args, **kwargs):
                    return function(*args, **kwargs)
                return inner
            return decorate
        """,
    "3 shared_task(...) applied to a wrapper": """
        def my_task(**task_kwargs):
            def decorate(function):
                @wraps(function)
                def inner(*args, **kwargs):
                    return function(*args, **kwargs)
                return shared_task(base=Base, **task_kwargs)(inner)
            return decorate
        """,
    "4 a class with __call__": """
        class my_task:
            def __init__(self, **options):
                self.options = options

            def __call__(self, function):
                return shared_task(base=Base, **self.options)(function)
        """,
    "5 options given early": """
        my_task = shared_task(base=Base)
        """,
    "6 an alias": """
        my_task = shared_task
        """,
    "9 a partial": """
        my_task = partial(shared_task, base=Base)
        """,
    "works with and without parentheses": """
        def my_task(function=None, **options):
            if function is None:
                return partial(my_task, **options)
            return shared_task(base=Base, **options)(function)
        """,
    "a lambda": """
        my_task = lambda **options: shared_task(base=Base, **options)
        """,
}


@pytest.mark.parametrize("shape", WRAPPERS)
def test_wrappers_of_the_decorator(shape: str) -> None:
    header = """
        from functools import partial, wraps
        from celery import Task, shared_task

        class Base(Task):
            max_retries = 7
        """
    use = """
        from wrap import my_task

        @my_task(queue="slow")
        def pay(order): ...
        """
    task = only(project({"wrap.py": header + WRAPPERS[shape], "tasks.py": use, "app.py": APP}))
    assert task.shown == "pay"
    assert task.option("queue").value == "slow"  # type: ignore[union-attr]
    if not shape.startswith("6"):
        assert task.option("max_retries").value == 7  # type: ignore[union-attr]


def test_a_wrapper_that_returns_the_function_makes_no_task() -> None:
    found = project(
        tasks="""
        from celery import shared_task

        def register(function):
            venusian.attach(function, lambda: shared_task(function))
            return function

        @register
        def pay(order): ...
        """
    )
    assert found.all(Task) == []


def test_try_import_wins_over_its_fallback() -> None:
    found = project(
        tasks="""
        try:
            from celery import shared_task
        except ImportError:
            def shared_task(function):
                return function

        @shared_task
        def pay(order): ...
        """
    )
    assert only(found).shown == "pay"


def test_a_decorator_may_be_rebound_to_its_own_call() -> None:
    found = project(
        tasks="""
        from celery import shared_task

        shared_task = shared_task(acks_late=True)

        @shared_task
        def pay(order): ...
        """
    )
    assert only(found).option("acks_late").value is True  # type: ignore[union-attr]


def test_a_method_of_the_projects_own_celery_class_makes_tasks() -> None:
    found = project(
        tasks="""
        from celery import Celery

        class Queue(Celery):
            def periodic_task(self, **options):
                def decorate(function):
                    options.setdefault("ignore_result", True)
                    return self.task(**options)(function)
                return decorate

        app = Queue("shop")

        @app.periodic_task(name="tidy")
        def tidy(): ...
        """
    )
    task = only(found)
    assert task.name == "tidy"
    assert task.option("ignore_result").value is True  # type: ignore[union-attr]
    assert not task.plain


def test_class_tasks_are_those_that_are_registered() -> None:
    found = project(
        tasks="""
        from celery import Celery, Task

        app = Celery("shop")

        class Pay(Task):
            name = "pay"
            max_retries = 5

            def run(self, order): ...

        class Base(Task):
            abstract = True

            def run(self, order): ...

        Pay = app.register_task(Pay())
        """
    )
    task = only(found)
    assert task.name == "pay" and task.class_based and task.bind
    assert task.option("max_retries").value == 5  # type: ignore[union-attr]
    assert task.signature.bind(1, []) is None
    assert task.signature.bind(2, []) == "takes 1 positional argument but 2 were given"


def test_a_decorator_that_the_configuration_names() -> None:
    source = """
from plugins import special

@special(name="pay", retries=3)
def pay(order): ...
# celery
"""
    facts = {"tasks.py": extract(Source.from_text(source, "tasks.py"))}
    assert Project(facts, facts, facts.get).all(Task) == []
    options = {"task-decorators": ["plugins.special"]}
    task = only(Project(facts, facts, facts.get, options=options))
    assert task.name == "pay" and task.open and not task.plain


# Names


def test_names() -> None:
    found = project(
        {
            "app.py": APP,
            "shop/__init__.py": "",
            "shop/names.py": "class Names:\n    PAY = 'shop.pay'\n",
            "shop/tasks.py": """
                from celery import shared_task
                from .names import Names
                from elsewhere import SHIP

                @shared_task
                def plain(): ...

                @shared_task(name="exact")
                def literal(): ...

                @shared_task(name=Names.PAY)
                def constant(): ...

                @shared_task(name=SHIP)
                def imported(): ...

                @shared_task(**OPTIONS)
                def starred(): ...
                """,
        }
    )
    assert {shown: task.name for shown, task in tasks(found).items()} == {
        "plain": "shop.tasks.plain",
        "literal": "exact",
        "constant": "shop.pay",
        "imported": None,
        "starred": None,
    }
    assert not registry_closed(found)


def test_a_made_up_name_may_have_other_folders_in_front() -> None:
    found = project(
        {
            "shop/__init__.py": "",
            "shop/tasks.py": """
                from celery import shared_task

                @shared_task
                def pay(): ...

                @shared_task(name="ship")
                def ship(): ...
                """,
        }
    )
    by_name = tasks(found)
    assert matches_name(by_name["pay"], "backend.shop.tasks.pay")
    assert matches_name(by_name["pay"], "tasks.pay")
    assert not matches_name(by_name["pay"], "pays")
    assert not matches_name(by_name["ship"], "shop.tasks.ship")
    assert tasks_named(found, "backend.shop.tasks.pay") == [by_name["pay"]]
    assert tasks_named(found, "ship") == [by_name["ship"]]
    assert registry_closed(found)


# Effective options


def test_options_in_celerys_order() -> None:
    found = project(
        tasks="""
        from celery import Celery, Task

        app = Celery("shop")
        app.conf.task_time_limit = 30
        app.conf.task_soft_time_limit = 20
        app.conf.task_annotations = {
            "pay": {"rate_limit": "1/s", "time_limit": 5},
            "*": {"rate_limit": "2/s"},
        }

        class Base(Task):
            soft_time_limit = 10

        @app.task(name="pay", base=Base, time_limit=60, rate_limit="9/s")
        def pay(): ...

        @app.task(name="ship", time_limit=None)
        def ship(): ...
        """
    )
    pay, ship = tasks(found)["pay"], tasks(found)["ship"]

    def effective(task: Task, *options: str) -> list[object]:
        values = [task.option(option) for option in options]
        return [None if value is None else value.value for value in values]

    assert effective(pay, "time_limit", "soft_time_limit", "rate_limit") == [5, 10, "2/s"]
    assert effective(ship, "time_limit", "soft_time_limit", "rate_limit") == [30, 20, "2/s"]
    assert effective(ship, "max_retries", "acks_late") == [None, None]


def test_an_unknown_base_class_leaves_options_undecided() -> None:
    found = project(
        tasks="""
        from celery import shared_task
        from somewhere import Base

        @shared_task(base=Base, acks_late=True)
        def pay(): ...
        """
    )
    task = only(found)
    assert task.option("acks_late").value is True  # type: ignore[union-attr]
    with pytest.raises(Undecided):
        task.option("max_retries")
    assert not task.plain


def test_the_setting_of_an_unknown_app_is_undecided() -> None:
    found = project(tasks="from celery import shared_task\n\n@shared_task\ndef pay(): ...")
    task = only(found)
    assert task.option("max_retries") is None
    with pytest.raises(Undecided):
        task.option("time_limit")


# Signatures


@pytest.mark.parametrize(
    ("definition", "positional", "keywords", "why"),
    [
        ("@app.task\ndef pay(a, b=1): ...", 1, [], None),
        (
            "@app.task\ndef pay(a, b=1): ...",
            0,
            ["b"],
            "missing 1 required positional argument: 'a'",
        ),
        (
            "@app.task\ndef pay(a, b=1): ...",
            3,
            [],
            "takes from 1 to 2 positional arguments but 3 were given",
        ),
        ("@app.task(bind=True)\ndef pay(self, a): ...", 1, [], None),
        (
            "@app.task(bind=True)\ndef pay(self): ...",
            1,
            [],
            "takes 0 positional arguments but 1 was given",
        ),
        ("@app.task\ndef pay(a): ...", 1, ["a"], "got multiple values for argument 'a'"),
        ("@app.task\ndef pay(a): ...", 1, ["c"], "got an unexpected keyword argument 'c'"),
        (
            "@app.task\ndef pay(*, a, b): ...",
            0,
            [],
            "missing 2 required keyword-only arguments: 'a' and 'b'",
        ),
        ("@app.task\ndef pay(*args, **kwargs): ...", 4, ["c"], None),
    ],
)
def test_signatures(definition: str, positional: int, keywords: list[str], why: str) -> None:
    header = "from celery import Celery\n\napp = Celery('shop')\n\n"
    task = only(project(tasks=header + definition))
    assert task.signature.bind(positional, keywords) == why


@pytest.mark.parametrize(
    "definition",
    [
        "@app.task\n@unknown\ndef pay(a): ...",
        "@app.task(**options)\ndef pay(a): ...",
        "@app.task(bind=maybe)\ndef pay(self, a): ...",
        "class Shop:\n    @app.task\n    def pay(self, a): ...",
        "@app.task(base=Calling)\ndef pay(a): ...",
    ],
)
def test_signatures_that_something_may_change(definition: str) -> None:
    header = """
from celery import Celery, Task

app = Celery('shop')

class Calling(Task):
    def apply_async(self, args=None, kwargs=None, **options):
        return super().apply_async([connect(), *args], kwargs, **options)

"""
    with pytest.raises(Undecided):
        _ = only(project(tasks=header + definition)).signature


@pytest.mark.parametrize(
    ("method", "forwards"),
    [
        ("def __call__(self, *args, **kwargs): return self.run(*args, **kwargs)", True),
        (
            "def __call__(self, *a, **k):\n        with x: return super().__call__(*a, **k)",
            True,
        ),
        ("def __call__(self, *a, **k): return Task.__call__(self, *a, **k)", True),
        ("def apply_async(self, *a, **k): on_commit(lambda: super().apply_async(*a, **k))", True),
        (
            "def apply_async(self, args=None, kwargs=None, task_id=None, **options):\n"
            "        options['headers'] = {'user': kwargs.get('user')}\n"
            "        return super().apply_async(args, kwargs=kwargs, task_id=task_id, **options)",
            True,
        ),
        ("def apply_async(self, *a, **k): return super().apply_async(connection, *a, **k)", False),
        ("def apply_async(self, *a, **k):\n        k.pop('x'); return self.delay(*a, **k)", False),
        ("def delay(self, x, *a, **k): return super().delay(*a, **k)", False),
        ("def apply_async(self, *a, **k): return super().apply_async(*a, y=1, **k)", False),
        (
            "def apply_async(self, args=None, kwargs=None, **options):\n"
            "        return super().apply_async(kwargs, args, **options)",
            False,
        ),
        (
            "def apply_async(self, args=None, kwargs=None, **options):\n"
            "        kwargs['user'] = 1\n"
            "        return super().apply_async(args, kwargs, **options)",
            False,
        ),
        (
            "def apply_async(self, args=None, kwargs=None, **options):\n"
            "        return super().apply_async(*args, **kwargs)",
            False,
        ),
        ("apply_async = something", False),
        # `Task.apply_async` compares the arguments with the function, not with `__call__`.
        ("def __call__(self, *a, **k): return self.run(connection, *a, **k)", True),
        ("__call__ = something", True),
    ],
)
def test_base_classes_around_the_call(method: str, forwards: bool) -> None:
    task = only(around(method))
    if forwards:
        assert task.signature.bind(1, []) is None
        assert task.signature.bind(2, []) is not None
    else:
        with pytest.raises(Undecided):
            _ = task.signature


def around(method: str) -> Project:
    """A project with a task whose base class has a method."""
    return project(
        tasks=f"""
from celery import Celery, Task

class Base(Task):
    {method}

app = Celery("shop", task_cls=Base)

@app.task
def pay(order): ...
"""
    )


def test_a_call_here_goes_through_the_base_class() -> None:
    task = only(around("def __call__(self, *a, **k): return self.run(*a, **k)"))
    assert task.signature_here.bind(1, []) is None
    task = only(around("def __call__(self, *a, **k): return self.run(connection, *a, **k)"))
    with pytest.raises(Undecided):
        _ = task.signature_here


@pytest.mark.parametrize(
    ("base", "limits_known"),
    [
        ("from celery_once import QueueOnce as Base", True),
        ("from celery_singleton import Singleton as Base", True),
        ("from openwisp_utils.tasks import OpenwispCeleryTask as Base", False),
    ],
)
def test_base_classes_of_libraries_keep_the_signature(base: str, limits_known: bool) -> None:
    found = project(
        tasks=f"""
from celery import shared_task
{base}

class Own(Base):
    max_retries = 7

@shared_task(base=Own)
def pay(order): ...
"""
    )
    task = only(found)
    assert task.signature.bind(0, []) is not None
    written = task.written("max_retries")
    assert written is not None and written.value == 7
    assert not task.plain
    if limits_known:
        assert task.written("time_limit") is None
    else:
        with pytest.raises(Undecided):
            task.written("time_limit")


@pytest.mark.parametrize(
    ("decorator", "known", "sent"),
    [
        ("def wrapper(*args, **kwargs): return function(*args, **kwargs)", True, False),
        (
            "def wrapper(*args, **kwargs):\n"
            "        if lock(kwargs.get('order')):\n"
            "            return function(*args, **kwargs)",
            True,
            False,
        ),
        ("def wrapper(*args, **kwargs): return function(connection, *args, **kwargs)", False, None),
        ("def wrapper(*args, **kwargs): return other(*args, **kwargs)", False, None),
        (
            "def wrapper(*args, **kwargs):\n"
            "        kwargs['x'] = 1\n"
            "        return function(*args, **kwargs)",
            False,
            None,
        ),
        ("def wrapper(order): return function(order)", False, None),
        ("wrapper = function", True, True),
    ],
)
def test_decorators_that_hand_on_what_they_get(
    decorator: str, known: bool, sent: bool | None
) -> None:
    found = project(
        tasks=f"""
from functools import wraps
from celery import shared_task
from other import other

def locked(function):
    {decorator}
    return wrapper

@shared_task
@locked
def pay(order): ...
"""
    )
    task = only(found)
    if known:
        assert task.signature.bind(0, []) is not None
        assert task.checked_when_sent is sent
    else:
        with pytest.raises(Undecided):
            _ = task.signature


# Bodies and names


def test_a_decorator_above_hides_the_task_but_not_its_body() -> None:
    found = project(
        tasks="""
        from celery import shared_task
        from django.db import transaction

        @transaction.atomic
        @shared_task
        def pay(): ...

        def view():
            pay.delay()
        """
    )
    task = only(found)
    assert task.hidden
    module = task.module
    pay = found.names.resolve(("name", (10, 5, 10, 8), "pay"), module, 0)
    assert found.task_of(pay) is None
    assert found.task_around(module, task.function.scope) is task


def test_the_call_form_leaves_the_function_a_function() -> None:
    found = project(
        tasks="""
        from celery import shared_task

        def pay(): ...
        def ship(): ...

        pay_task = shared_task(pay)
        ship = shared_task(name="ship")(ship)
        """
    )
    module = found.modules[0]

    def task(name: str) -> str | None:
        target = found.names.resolve(("name", (20, 1, 20, 2), name), module, 0)
        task = found.task_of(target)
        return None if task is None else task.name

    assert task("pay") is None
    assert task("pay_task") == "tasks.pay"
    assert task("ship") == "ship"


def test_functions_nested_in_a_task_are_not_its_body() -> None:
    found = project(
        tasks="""
        from celery import shared_task

        @shared_task
        def pay():
            def inner(): ...
        """
    )
    task = only(found)
    names = [scope.name for scope in task.module.facts.scopes]
    assert found.task_around(task.module, names.index("pay")) is task
    assert found.task_around(task.module, names.index("inner")) is None
