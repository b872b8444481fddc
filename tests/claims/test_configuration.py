"""What the project says of an app's configuration, against what Celery itself reads."""

from __future__ import annotations

import random
from typing import Any

import pytest

from flake8_celery.celery.settings import SETTINGS, mixing, to_old
from flake8_celery.project.apps import App
from flake8_celery.project.configuration import Configuration
from tests.project.build import project

celery = pytest.importorskip("celery", minversion="5.7")

NAMES = [
    "task_time_limit",
    "worker_concurrency",
    "task_serializer",
    "task_always_eager",
    "result_expires",
    "enable_utc",
    "worker_prefetch_multiplier",
]


def spelled(name: str, choice: random.Random) -> str:
    """A key that may or may not set `name`."""
    kind = choice.random()
    if kind < 0.55:
        return name
    if kind < 0.75:
        return to_old(name)
    if kind < 0.95:
        return f"CELERY_{name.upper()}"
    return name.upper()


def keys(choice: random.Random, most: int) -> dict[str, int]:
    """A few keys with values that tell them apart."""
    names = choice.sample(NAMES, choice.randint(0, most))
    return {spelled(name, choice): choice.randint(100, 999) for name in names}


def program(choice: random.Random) -> str:
    """A module that configures an app in one of the many ways."""
    namespace = choice.choice([None, None, "CELERY"])
    given = [f"{key}={value}" for key, value in keys(choice, 2).items()]
    arguments = ", ".join(['"shop"', *given])
    lines = ["from celery import Celery", f"app = Celery({arguments})"]
    statements = []
    if choice.random() < 0.7:
        source = keys(choice, 4)
        statements.append(f"app.config_from_object({source!r}, namespace={namespace!r})")
    if choice.random() < 0.3:
        statements.append(f"app.add_defaults({keys(choice, 2)!r})")
    if choice.random() < 0.2:
        statements.append(f"app.add_defaults(lambda: {keys(choice, 2)!r})")
    for _ in range(choice.randint(0, 3)):
        written = keys(choice, 2)
        if choice.random() < 0.5:
            statements.append(f"app.conf.update({written!r})")
        else:
            statements += [f"app.conf[{key!r}] = {value}" for key, value in written.items()]
    choice.shuffle(statements)
    return "\n".join([*lines, *statements]) + "\n"


def read_by_celery(text: str) -> dict[str, Any] | None:
    """Celery's own answers; None when it refuses the mixture of names."""
    scope: dict[str, Any] = {}
    exec(text, scope)  # a program of this test, not of a project
    try:
        return {name: scope["app"].conf[name] for name in NAMES}
    except celery.exceptions.ImproperlyConfigured:
        return None


def read_by_us(configuration: Configuration) -> dict[str, Any] | None:
    """The same without running anything."""
    for setting in configuration.settings:
        for group in configuration.judged_together(setting):
            written = [other.key for other in group]
            if mixing(written, configuration.constructor_keys, configuration.namespace):
                return None
    found: dict[str, Any] = {}
    for name in NAMES:
        value = configuration.get(name)
        found[name] = SETTINGS[name].default if value is None else value.value
    return found


@pytest.mark.parametrize("seed", range(400))
def test_the_same_setting_wins(seed: int) -> None:
    text = program(random.Random(seed))
    read = read_by_celery(text)
    made = project(app=text)
    made.celery = ((5, 7), None)
    configuration = made.all(App)[0].configuration
    assert configuration.closed == (read is not None)
    ours = read_by_us(configuration)
    if read is not None and ours is not None:
        # Celery gives a timedelta as the default of `result_expires`.
        for name, default in list(read.items()):
            if configuration.setting(name) is None:
                read[name] = ours[name] = default
    assert ours == read, text
