"""Which apps a project has, and which app a name stands for."""

from __future__ import annotations

import pytest

from flake8_celery.project import Project
from flake8_celery.project.apps import (
    App,
    app_of_expr,
    default_app,
    unresolved_app_like,
)

from .build import project


def app_named(made: Project, path: str, name: str) -> App | None:
    """The app that `name`, possibly dotted, stands for at the end of a module."""
    module = made.module_at(path)
    assert module is not None
    row = (9999, 1, 9999, 2)
    first, *rest = name.split(".")
    expr: tuple[object, ...] = ("name", row, first)
    for part in rest:
        expr = ("attr", row, expr, part)
    return app_of_expr(made, module, 0, expr)


def only_app(made: Project) -> App:
    (app,) = made.all(App)
    return app


def test_an_app_has_a_name_and_arguments() -> None:
    app = only_app(project(app='from celery import Celery\napp = Celery("shop", task_cls=T)\n'))
    assert app.main == "shop"
    assert not app.plain
    assert app.where.shown == "app.py:2"


def test_celery_under_other_names() -> None:
    made = project(
        a="import celery\napp = celery.Celery()\n",
        b="from celery.app.base import Celery as C\napp = C()\n",
        c="from celery.app import Celery\napp = Celery()\n",
    )
    assert [app.where.shown for app in made.all(App)] == ["a.py:2", "b.py:2", "c.py:2"]
    assert all(app.plain for app in made.all(App))


def test_other_things_called_celery_are_no_apps() -> None:
    made = project(app="from greens import Celery\nimport celery\napp = Celery('stick')\n")
    assert made.all(App) == []


def test_a_subclass_of_the_project_makes_apps_that_are_not_plain() -> None:
    made = project(
        base="from celery import Celery\nclass Shop(Celery):\n    pass\n",
        app="from base import Shop\napp = Shop('shop')  # celery\n",
    )
    assert not only_app(made).plain
    assert app_named(made, "app.py", "app") is only_app(made)


def test_an_app_through_imports_and_aliases() -> None:
    made = project(
        {
            "shop/__init__.py": "from .celery import app as celery_app\n",
            "shop/celery.py": "from celery import Celery\napp = Celery('shop')\n",
            "shop/tasks.py": "import shop\nfrom shop import celery_app\nalias = celery_app\n",
        }
    )
    for name in ("celery_app", "alias", "shop.celery_app", "shop.celery.app"):
        assert app_named(made, "shop/tasks.py", name) is only_app(made), name


def test_an_app_that_a_factory_returns() -> None:
    made = project(
        app="""
        from celery import Celery

        def make_celery(flask_app):
            celery = Celery(flask_app.import_name)
            celery.conf.update(flask_app.config)
            return celery

        celery = make_celery(create_app())
        """
    )
    assert app_named(made, "app.py", "celery") is only_app(made)


def test_a_factory_with_two_answers_is_not_followed() -> None:
    made = project(
        app="""
        from celery import Celery

        def make(test):
            if test:
                return Celery("test")
            return Celery("shop")

        celery = make(False)
        """
    )
    assert app_named(made, "app.py", "celery") is None


def test_an_app_in_a_class_and_its_instance() -> None:
    made = project(
        app="""
        from celery import Celery

        class Extension:
            celery = Celery("shop")

        ext = Extension()
        """
    )
    assert app_named(made, "app.py", "Extension.celery") is only_app(made)
    assert app_named(made, "app.py", "ext.celery") is only_app(made)


def test_the_current_app_is_the_only_one() -> None:
    made = project(
        app="from celery import Celery\napp = Celery('shop')\n",
        tasks="from celery import current_app\n",
    )
    assert app_named(made, "tasks.py", "current_app") is only_app(made)
    assert default_app(made) is only_app(made)


def test_the_apps_of_tests_do_not_count_as_current() -> None:
    made = project(
        {
            "app.py": "from celery import Celery\napp = Celery('shop')\n",
            "tests/conftest.py": "from celery import Celery\napp = Celery('test')\n",
        }
    )
    found = default_app(made)
    assert found is not None and found.main == "shop"


def test_with_two_apps_nobody_knows_which_is_current() -> None:
    made = project(app="from celery import Celery\na = Celery('a')\nb = Celery('b')\n")
    assert default_app(made) is None


def test_an_annotation_says_what_a_proxy_is() -> None:
    made = project(
        app="from celery import Celery\napp = Celery('shop')\n",
        proxy="from celery import Celery\ncelery_app: Celery = LocalProxy(find)\n",
    )
    assert app_named(made, "proxy.py", "celery_app") is only_app(made)


def test_a_name_that_defines_itself_is_no_app() -> None:
    made = project(a="import celery\nfrom b import app\n", b="import celery\nfrom a import app\n")
    assert app_named(made, "a.py", "app") is None


def test_names_that_are_probably_apps() -> None:
    made = project(
        tasks="from engine.celery import app\nfrom procrastinate import App\nother = App()\n"
    )
    module = made.modules[0]
    row = (9, 1, 9, 2)
    assert unresolved_app_like(made, module, 0, ("name", row, "app"))
    assert not unresolved_app_like(made, module, 0, ("name", row, "other"))


SMART_SETTINGS = """
from .namespaces import Namespace

namespace = Namespace(name="celery")
setting_celery_class = namespace.add_setting(default="celery.Celery", global_name="CELERY_CLASS")
"""


@pytest.mark.parametrize(
    ("named", "chosen"),
    [
        ('"celery.Celery"', False),
        ('dotted_path="shop.apps:ShopCelery"', False),
        ('os.environ.get("CELERY_CLASS", "celery.Celery")', True),
        ("setting_celery_class.value", True),
    ],
)
def test_a_class_that_a_text_names(named: str, chosen: bool) -> None:
    found = project(
        {
            "shop/__init__.py": "",
            "shop/apps.py": "from celery import Celery\nclass ShopCelery(Celery): ...",
            "shop/settings.py": SMART_SETTINGS,
            "shop/celery.py": f"""
                import os
                from django.utils.module_loading import import_string
                from shop.settings import setting_celery_class

                celery_class = import_string({named})
                app = celery_class("shop")

                @app.task
                def pay(order): ...
            """,
        }
    )
    (app,) = found.all(App)
    assert app.chosen is chosen
    assert app.main == "shop"
    assert app.configuration.closed is not chosen
    assert not (chosen and app.plain)


@pytest.mark.parametrize(
    "named", ["name", 'os.environ["CELERY_CLASS"]', '"other.Celery"', '"Celery"', "1"]
)
def test_a_class_that_no_known_text_names(named: str) -> None:
    found = project(
        celery=f"""
        import os
        from celery.utils.imports import symbol_by_name

        celery_class = symbol_by_name({named})
        app = celery_class("shop")
        """
    )
    assert not found.all(App)
