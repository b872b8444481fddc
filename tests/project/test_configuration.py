"""What an app is configured with, read from all the places where that may be written."""

from __future__ import annotations

from typing import Any

import pytest

from flake8_celery.project import Project
from flake8_celery.project.apps import App
from flake8_celery.project.configuration import Configuration, Setting
from flake8_celery.project.django import django_setting
from flake8_celery.rule import Undecided

from .build import project

APP = "from celery import Celery\n"


def configuration_of(files: dict[str, str] | None = None, **texts: str) -> Configuration:
    """The configuration of the only app of these files."""
    (app,) = project(files, **texts).all(App)
    return app.configuration


def value_of(configuration: Configuration, name: str) -> Any:
    value = configuration.get(name)
    assert value is not None, f"`{name}` is not set"
    return value.value


# Writes


def test_keywords_of_the_constructor() -> None:
    configuration = configuration_of(
        app=APP + "app = Celery('shop', broker='redis://', backend=None, task_acks_late=True)\n"
    )
    assert value_of(configuration, "broker_url") == "redis://"
    assert value_of(configuration, "task_acks_late") is True
    assert configuration.get("result_backend") is None
    assert configuration.closed


def test_writes_to_conf() -> None:
    configuration = configuration_of(
        app="""
        from celery import Celery

        app = Celery("shop")
        app.conf.task_time_limit = 1
        app.conf["result_expires"] = 2
        app.conf.update({"worker_concurrency": 3}, task_serializer="yaml")
        conf = app.conf
        conf.enable_utc = False
        """
    )
    assert value_of(configuration, "task_time_limit") == 1
    assert value_of(configuration, "result_expires") == 2
    assert value_of(configuration, "worker_concurrency") == 3
    assert value_of(configuration, "task_serializer") == "yaml"
    assert value_of(configuration, "enable_utc") is False
    assert configuration.get("timezone") is None


def test_the_later_write_wins() -> None:
    configuration = configuration_of(
        app=APP + "app = Celery(task_time_limit=1)\napp.conf.task_time_limit = 2\n"
    )
    assert value_of(configuration, "task_time_limit") == 2
    assert [s.value.value for s in configuration.writes("task_time_limit")] == [1, 2]


def test_writes_in_another_module_and_in_a_handler() -> None:
    configuration = configuration_of(
        app="""
        from celery import Celery

        app = Celery("shop")

        @app.on_after_configure.connect
        def setup(sender, **kwargs):
            sender.conf.task_time_limit = 5
        """,
        worker="from app import app\napp.conf.result_expires = 6  # celery\n",
    )
    assert value_of(configuration, "task_time_limit") == 5
    assert value_of(configuration, "result_expires") == 6


def test_changes_in_place() -> None:
    configuration = configuration_of(
        app="""
        from celery import Celery

        app = Celery("shop")
        app.conf.beat_schedule = {"a": {"task": "a"}}
        app.conf.beat_schedule["b"] = {"task": "b"}
        app.conf.beat_schedule.update(c={"task": "c"})
        app.conf.broker_transport_options["visibility_timeout"] = 60
        """
    )
    assert set(value_of(configuration, "beat_schedule")) == {"a", "b", "c"}
    assert value_of(configuration, "broker_transport_options") == {"visibility_timeout": 60}


def test_a_write_in_a_branch_is_not_certain() -> None:
    configuration = configuration_of(
        app=APP + "app = Celery()\nif DEBUG:\n    app.conf.task_always_eager = True\n"
    )
    with pytest.raises(Undecided):
        configuration.get("task_always_eager")


def test_a_write_in_a_function_that_may_not_run_is_not_certain() -> None:
    configuration = configuration_of(
        app=APP + "app = Celery()\ndef later():\n    app.conf.task_time_limit = 9\n"
    )
    with pytest.raises(Undecided):
        configuration.get("task_time_limit")


def test_tests_do_not_configure_the_app() -> None:
    configuration = configuration_of(
        {
            "app.py": APP + "app = Celery('shop')\n",
            "tests/conftest.py": "from app import app  # celery\n"
            "app.conf.task_always_eager = True\n",
        }
    )
    assert configuration.get("task_always_eager") is None
    assert [s.key for s in configuration.settings if s.in_test] == ["task_always_eager"]


# Open and closed


@pytest.mark.parametrize(
    "statement",
    [
        "app.conf.update(load())",
        "app.conf[KEY] = 1",
        "app.config_from_object(os.environ['CONFIG'])",
        "app.config_from_envvar('CONFIG')",
        "app.config_from_object('not_here')",
    ],
)
def test_what_opens_a_configuration(statement: str) -> None:
    configuration = configuration_of(app=f"import os\n{APP}app = Celery()\n{statement}\n")
    assert not configuration.closed
    with pytest.raises(Undecided):
        configuration.get("task_time_limit")


def test_what_is_certain_in_an_open_configuration() -> None:
    configuration = configuration_of(
        app=APP + "app = Celery()\napp.conf.update(load())\napp.conf.task_time_limit = 1\n"
    )
    assert value_of(configuration, "task_time_limit") == 1


# Config objects


@pytest.mark.parametrize(
    "argument", ["'config'", "'config:Config'", "'config.Config'", "config", "Config", "Config()"]
)
def test_forms_of_a_config_object(argument: str) -> None:
    configuration = configuration_of(
        config="task_time_limit = 1\nclass Config:\n    task_time_limit = 1  # celery\n",
        app=f"import config\nfrom config import Config\n{APP}app = Celery()\n"
        f"app.config_from_object({argument})\n",
    )
    assert value_of(configuration, "task_time_limit") == 1
    assert configuration.closed


def test_a_dict_as_config_object() -> None:
    configuration = configuration_of(
        app=APP + "app = Celery()\napp.config_from_object({'task_time_limit': 1})\n"
    )
    assert value_of(configuration, "task_time_limit") == 1


def test_a_write_beats_add_defaults_and_those_beat_the_config_object() -> None:
    configuration = configuration_of(
        app="""
        from celery import Celery

        app = Celery("shop")
        app.conf.task_time_limit = 1
        app.add_defaults({"task_time_limit": 2, "result_expires": 2})
        app.add_defaults(lambda: {"result_expires": 3})
        app.config_from_object({"task_time_limit": 4, "result_expires": 4, "enable_utc": False})
        """
    )
    assert value_of(configuration, "task_time_limit") == 1
    assert value_of(configuration, "result_expires") == 3
    assert value_of(configuration, "enable_utc") is False


def test_the_last_config_object_replaces_the_first() -> None:
    configuration = configuration_of(
        app=APP + "app = Celery()\n"
        "app.config_from_object({'task_time_limit': 1})\n"
        "app.config_from_object({'result_expires': 2})\n"
    )
    assert configuration.get("task_time_limit") is None
    assert value_of(configuration, "result_expires") == 2


def test_an_environment_variable_that_the_module_sets_itself() -> None:
    configuration = configuration_of(
        config="task_time_limit = 1\n",
        app="import os\n" + APP + "os.environ.setdefault('SHOP', 'config')\n"
        "app = Celery()\napp.config_from_envvar('SHOP')\n",
    )
    assert value_of(configuration, "task_time_limit") == 1


def test_a_class_with_bases() -> None:
    configuration = configuration_of(
        app=APP + "class Base:\n    task_time_limit = 1\n    result_expires = 1\n"
        "class Config(Base):\n    result_expires = 2\n"
        "app = Celery()\napp.config_from_object(Config)\n"
    )
    assert value_of(configuration, "task_time_limit") == 1
    assert value_of(configuration, "result_expires") == 2


# Django

CELERY_PY = """
import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
"""


def test_settings_of_django() -> None:
    configuration = configuration_of(
        {
            "shop/__init__.py": "",
            "shop/celery.py": CELERY_PY,
            "shop/settings.py": "INSTALLED_APPS = []\nCELERY_TASK_TIME_LIMIT = 1\n"
            "celery_result_expires = 2\nTIMEZONE = 'UTC'\n",
        }
    )
    assert value_of(configuration, "task_time_limit") == 1
    assert configuration.get("result_expires") is None
    assert configuration.get("timezone") is None
    assert configuration.closed
    assert configuration.anchor.shown == "shop/celery.py:8"


PROFILES = {
    "shop/__init__.py": "",
    "shop/celery.py": CELERY_PY.replace("shop.settings", "shop.settings.dev"),
    "shop/settings/__init__.py": "",
    "shop/settings/base.py": """
        INSTALLED_APPS = []
        CELERY_BROKER_URL = "redis://"
        CELERY_BEAT_SCHEDULE = {"a": 1}
        """,
    "shop/settings/dev.py": "from .base import *\nCELERY_TASK_ALWAYS_EAGER = True\n",
    "shop/settings/production.py": """
        from .base import *

        CELERY_BROKER_URL = "amqp://"
        CELERY_BEAT_SCHEDULE["b"] = 2
        """,
}


def test_profiles_of_a_settings_package() -> None:
    configuration = configuration_of(PROFILES)
    assert [profile.name for profile in configuration.production_profiles] == [
        "shop.settings.production"
    ]
    assert value_of(configuration, "broker_url") == "amqp://"
    assert value_of(configuration, "beat_schedule") == {"a": 1, "b": 2}
    assert configuration.get("task_always_eager") is None


def test_two_profiles_for_production_give_one_of_their_values() -> None:
    files = PROFILES | {
        "shop/settings/staging.py": "from .base import *\nCELERY_BROKER_URL = 'sqs://'\n"
    }
    value = configuration_of(files).get("broker_url")
    assert value is not None
    assert [option.value for option in value.alternatives()] == ["amqp://", "sqs://"]


def test_the_only_profile_counts_whatever_its_name_is() -> None:
    files = {
        "shop/__init__.py": "",
        "shop/celery.py": CELERY_PY.replace("shop.settings", "shop.local_settings"),
        "shop/local_settings.py": "INSTALLED_APPS = []\nCELERY_TASK_TIME_LIMIT = 1\n",
    }
    assert value_of(configuration_of(files), "task_time_limit") == 1


def test_settings_that_are_not_part_of_the_project() -> None:
    configuration = configuration_of({"shop/celery.py": CELERY_PY})
    assert not configuration.closed


def test_local_settings_that_are_not_there_leave_what_is_written() -> None:
    configuration = configuration_of(
        {
            "shop/__init__.py": "",
            "shop/celery.py": CELERY_PY,
            "shop/settings.py": """
                INSTALLED_APPS = []
                CELERY_TASK_TIME_LIMIT = 1
                try:
                    from .secret import *
                except ImportError:
                    pass
                """,
        }
    )
    assert value_of(configuration, "task_time_limit") == 1
    with pytest.raises(Undecided):
        configuration.get("result_expires")


def test_a_setting_of_django_where_it_is_read() -> None:
    made = project(PROFILES)
    module = made.module_at("shop/celery.py")
    where = made.all(App)[0].where
    assert module is not None
    value = django_setting(made, "CELERY_BROKER_URL", where)
    assert value is not None and value.value == "amqp://"
    assert django_setting(made, "NOT_THERE", where) is None


def test_settings_of_two_apps_are_collected_once() -> None:
    made = project(
        {
            "shop/__init__.py": "",
            "shop/celery.py": CELERY_PY + "other = Celery('other')\n"
            "other.config_from_object('django.conf:settings', namespace='CELERY')\n",
            "shop/settings.py": "INSTALLED_APPS = []\nCELERY_TASK_TIME_LIMIT = 1\n",
        }
    )
    keys = [setting.key for setting in made.all(Setting)]
    assert keys.count("CELERY_TASK_TIME_LIMIT") == 1


# Flask


@pytest.mark.parametrize(
    "statement",
    [
        "flask_app.config['CELERY'] = {'task_time_limit': 1}",
        "flask_app.config.from_mapping(CELERY={'task_time_limit': 1})",
        "flask_app.config.from_mapping(CELERY=dict(task_time_limit=1))",
        "flask_app.config.update(CELERY={'task_time_limit': 1})",
        "flask_app.config.from_object(Config)",
    ],
)
def test_the_configuration_of_a_flask_app(statement: str) -> None:
    configuration = configuration_of(
        app=f"""
        from celery import Celery
        from flask import Flask

        class Config:
            CELERY = {{"task_time_limit": 1}}

        flask_app = Flask("shop")
        {statement}
        app = Celery("shop")
        app.config_from_object(flask_app.config["CELERY"])
        """
    )
    assert value_of(configuration, "task_time_limit") == 1


# Releases


def with_celery(text: str, low: tuple[int, int], high: tuple[int, int] | None) -> Configuration:
    made: Project = project(app=text)
    made.celery = (low, high)
    (app,) = made.all(App)
    return app.configuration


NAMESPACED = APP + (
    "app = Celery('shop', task_time_limit=1)\n"
    "app.config_from_object({'CELERY_TASK_TIME_LIMIT': 2}, namespace='CELERY')\n"
)


def test_under_a_namespace_the_releases_disagree() -> None:
    assert value_of(with_celery(NAMESPACED, (5, 3), (5, 6)), "task_time_limit") == 2
    assert value_of(with_celery(NAMESPACED, (5, 7), None), "task_time_limit") == 1
    with pytest.raises(Undecided):
        with_celery(NAMESPACED, (5, 3), None).get("task_time_limit")


def test_names_from_before_4_under_a_namespace() -> None:
    text = APP + (
        "app = Celery('shop')\n"
        "app.config_from_object({'CELERYD_TASK_TIME_LIMIT': 2}, namespace='CELERY')\n"
    )
    assert with_celery(text, (5, 3), (5, 6)).get("task_time_limit") is None
    assert value_of(with_celery(text, (5, 7), None), "task_time_limit") == 2
    setting = with_celery(text, (5, 3), None).settings[0]
    with pytest.raises(Undecided):
        _ = setting.name
    assert (setting.name_in(True), setting.name_in(False)) == (None, "task_time_limit")


def test_a_configuration_that_a_flask_app_gets_later() -> None:
    found = configuration_of(
        {
            "shop/__init__.py": "",
            "shop/defaults.py": "CELERY_TASK_TIME_LIMIT = 60\nCELERY_TASK_LIMIT = 1\n",
            "shop/factory.py": """
                import flask
                from shop.celery import init_celery

                def get_app():
                    app_config = flask.Config("/shop")
                    app_config.from_object("shop.defaults")
                    app = flask.Flask("shop")
                    app.config = app_config
                    init_celery(app)
            """,
            "shop/celery.py": """
                from celery import Celery

                celery = Celery("shop")

                def init_celery(app):
                    celery.config_from_object(app.config, namespace="CELERY")
            """,
        }
    )
    assert value_of(found, "task_time_limit") == 60
    assert not found.closed


def test_django_configurations_brings_no_settings_of_celery() -> None:
    found = configuration_of(
        {
            "shop/__init__.py": "",
            "shop/settings.py": """
                from configurations import Configuration

                class Base(Configuration):
                    INSTALLED_APPS = []
                    CELERY_TASK_TIME_LIMIT = 60
            """,
            "shop/celery.py": """
                import os
                from celery import Celery

                os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
                app = Celery("shop")
                app.config_from_object("django.conf:settings", namespace="CELERY")
            """,
        }
    )
    assert found.closed
    assert value_of(found, "task_time_limit") == 60
    assert found.get("task_soft_time_limit") is None
