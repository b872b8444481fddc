"""Which app a shared task belongs to, where a project has several."""

from __future__ import annotations

from flake8_celery.project.tasks import Task

from .build import project

TASKS = """
    from celery import shared_task

    @shared_task
    def pay(): ...
"""
DISCOVERING = """
    from celery import Celery

    app = Celery("shop")
    app.autodiscover_tasks()
"""
ALONE = """
    from celery import Celery

    app = Celery("depot")

    @app.task
    def pick(): ...
"""


def apps_of_pay(files: dict[str, str]) -> list[str | None]:
    made = project({"shop/tasks.py": TASKS, "shop/celery.py": DISCOVERING, **files})
    (pay,) = [task for task in made.all(Task) if task.function.facts.name == "pay"]
    return [app.main for app in pay.apps]


def test_an_app_that_imports_nothing_else_has_only_its_own_tasks() -> None:
    assert apps_of_pay({"depot/worker.py": ALONE}) == ["shop"]


def test_an_app_that_imports_the_module_may_have_the_task() -> None:
    worker = "from shop import tasks\n" + "from celery import Celery\napp = Celery('depot')\n"
    assert apps_of_pay({"depot/worker.py": worker}) == []


def test_an_app_that_names_the_module_may_have_the_task() -> None:
    worker = "from celery import Celery\napp = Celery('depot', include=['shop.tasks'])\n"
    assert apps_of_pay({"depot/worker.py": worker}) == []


def test_an_app_with_unknown_modules_may_have_the_task() -> None:
    worker = (
        "import os\nfrom celery import Celery\napp = Celery('depot', include=os.environ['M'])\n"
    )
    assert apps_of_pay({"depot/worker.py": worker}) == []


def test_an_app_that_other_code_imports_may_have_the_task() -> None:
    views = "from depot.worker import app\nfrom shop.tasks import pay\npay.delay()\n"
    assert apps_of_pay({"depot/worker.py": ALONE, "shop/views.py": views}) == []


def test_an_app_without_tasks_gets_them_in_a_way_that_is_not_seen() -> None:
    worker = "from celery import Celery\napp = Celery('depot')\n"
    assert apps_of_pay({"depot/worker.py": worker}) == []
