"""Where routes and queues come from, and which tasks a route is for."""

from __future__ import annotations

import pytest

from flake8_celery.project.routing import DeclaredQueue, Route, Routes, matches
from flake8_celery.rule import Undecided

from .build import project

APP = "from celery import Celery\nfrom kombu import Queue\napp = Celery('shop')\n"


@pytest.mark.parametrize(
    "routes",
    [
        "{'a': {'queue': 'x'}, 'b.*': 'y'}",
        "[{'a': {'queue': 'x'}}, {'b.*': 'y'}]",
        "([('a', {'queue': 'x'}), ('b.*', 'y')],)",
        "(route, {'a': {'queue': 'x'}, 'b.*': 'y'})",
    ],
)
def test_routes_in_every_shape(routes: str) -> None:
    found = project(shop=f"{APP}app.conf.task_routes = {routes}\n").all(Route)
    assert [(route.pattern, route.queue) for route in found] == [("a", "x"), ("b.*", "y")]


def test_a_route_stands_at_its_key() -> None:
    (route,) = project(shop=f"{APP}app.conf.task_routes = {{'a': 'x'}}\n").all(Route)
    assert route.where.shown == "shop.py:4"
    assert tuple(route.span) == (4, 25, 4, 28)


def test_routes_of_settings_for_development_count_as_tests() -> None:
    made = project(
        {
            "worker.py": "from celery import Celery\ncelery = Celery()\n"
            "def init(app):\n    celery.config_from_object(app.config, namespace='CELERY')\n",
            "settings_dev.py": "CELERY_TASK_ROUTES = {'a': 'x'}\n",
            "settings_production.py": "CELERY_TASK_ROUTES = {'b': 'x'}\n",
        }
    )
    assert {route.pattern: route.in_test for route in made.all(Route)} == {"a": True, "b": False}


def test_the_queue_of_a_route_may_not_be_known() -> None:
    (route,) = project(shop=f"{APP}app.conf.task_routes = {{'a': {{'queue': x}}}}\n").all(Route)
    with pytest.raises(Undecided):
        assert route.queue


def test_pairs_that_are_not_nested_are_no_routes() -> None:
    made = project(shop=f"{APP}app.conf.task_routes = [('a', {{'queue': 'x'}})]\n")
    assert made.all(Route) == []
    assert len(made.all(Routes)) == 1


def test_declared_queues() -> None:
    made = project(
        shop=f"{APP}app.conf.task_queues = ["
        "Queue('a'), Queue(name='b'), Queue(x), Queue('c', 'e')]\n"
    )
    a, b, unknown, c = made.all(DeclaredQueue)
    assert (a.name, b.name, c.name) == ("a", "b", "c")
    exchange = c.argument("exchange")
    assert exchange is not None and exchange.value == "e"
    assert a.argument("routing_key") is None
    with pytest.raises(Undecided):
        assert unknown.name


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.bc", False),
        ("a.*", "a.b.c", True),
        ("*", "a", True),
        ("a.?", "a.b", False),
        ("*.?", "a.b", True),
        ("A.*", "a.b", False),
    ],
)
def test_which_names_a_key_is_for(pattern: str, name: str, expected: bool) -> None:
    assert matches(pattern, name) is expected
