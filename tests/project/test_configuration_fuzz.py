"""Random projects: what they are configured with, and where their tasks go, is what Celery says.

Each example is the text of a module.  It is read by the resolver and run under the installed
Celery; where the resolver has an answer the two must be equal.
"""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from flake8_celery.inspection import plain
from flake8_celery.project.apps import App
from flake8_celery.project.destination import route
from flake8_celery.rule import Undecided

from ..fuzz import examples
from .build import project

celery = pytest.importorskip("celery")

from celery.app import defaults  # noqa: E402
from celery.exceptions import ImproperlyConfigured  # noqa: E402

INSTALLED = tuple(int(part) for part in celery.__version__.split(".")[:2])

NAMES = (
    "task_time_limit result_expires broker_pool_limit task_always_eager timezone "
    "worker_concurrency beat_schedule_filename accept_content enable_utc task_serializer "
    "database_url imports task_default_queue result_backend_transport_options"
).split()


@st.composite
def keys(draw: st.DrawFn) -> str:
    """A key that somebody may write: new, old, prefixed, in the wrong case, misspelt."""
    name = draw(st.sampled_from(NAMES))
    spelling = draw(
        st.sampled_from(
            [
                *(name, name, name, defaults._TO_OLD_KEY[name], defaults._TO_OLD_KEY[name]),
                *(f"CELERY_{name.upper()}", f"CELERY_{name.upper()}", f"celery_{name}"),
                *(f"APP_{name.upper()}", name.upper(), f"{name}x"),
            ]
        )
    )
    return spelling


def mappings(size: int, least: int = 0) -> st.SearchStrategy[dict[str, int]]:
    return st.dictionaries(keys(), st.integers(1, 99), min_size=least, max_size=size)


def shown_keywords(mapping: dict[str, int]) -> str:
    return ", ".join(f"{key}={value}" for key, value in mapping.items())


@st.composite
def writes(draw: st.DrawFn) -> str:
    """One statement that writes to `app.conf`."""
    form = draw(st.sampled_from(["attribute", "item", "update", "keywords", "both"]))
    if form == "attribute":
        return f"app.conf.{draw(keys())} = {draw(st.integers(1, 99))}"
    if form == "item":
        return f"app.conf[{draw(keys())!r}] = {draw(st.integers(1, 99))}"
    if form == "update":
        return f"app.conf.update({draw(mappings(3))})"
    if form == "keywords":
        return f"app.conf.update({shown_keywords(draw(mappings(3)))})"
    first, second = draw(mappings(2)), draw(mappings(2))
    return f"app.conf.update({first}, {shown_keywords(second)})"


@st.composite
def sources(draw: st.DrawFn, least: int = 0) -> str:
    """One statement that gives the app a config object of `least` keys or more."""
    mapping = draw(mappings(4, least))
    form = draw(st.sampled_from(["dict", "name", "class", "base", "instance"]))
    if form == "dict":
        return f"app.config_from_object({mapping})"
    if form == "name":
        return f"OBJECT = {mapping}\napp.config_from_object(OBJECT)"
    body = "\n".join(f"    {key} = {value}" for key, value in mapping.items()) or "    pass"
    if form == "class":
        return f"class Config:\n{body}\n\n\napp.config_from_object(Config)"
    if form == "instance":
        return f"class Config:\n{body}\n\n\napp.config_from_object(Config())"
    more = draw(mappings(2))
    own = "\n".join(f"    {key} = {value}" for key, value in more.items()) or "    pass"
    return (
        f"class Base:\n{body}\n\n\nclass Config(Base):\n{own}\n\n\napp.config_from_object(Config)"
    )


@st.composite
def modules(draw: st.DrawFn) -> str:
    """A module that makes an app and configures it."""
    given_keywords = {} if draw(st.booleans()) else draw(mappings(2))
    constructor = ["'x'", "set_as_current=False", "fixups=[]"]
    if draw(st.booleans()):
        constructor.append("broker='memory://'")
    namespace = draw(st.sampled_from([None, None, "CELERY", "CELERY", "celery", "CELERY_", "APP"]))
    if namespace is not None:
        constructor.append(f"namespace={namespace!r}")
    constructor += [f"{key}={value}" for key, value in given_keywords.items()]
    statements = draw(st.lists(writes(), max_size=3))
    # Loaded once more, an empty dict no longer counts as none: nobody does that.
    reads = draw(st.integers(0, 3)) == 0
    if draw(st.integers(0, 9)) < 8:
        statements.append(draw(sources(int(reads))))
    for mapping in draw(st.lists(mappings(2), max_size=2)):
        statements.append(f"app.add_defaults({mapping})")
    statements += draw(st.lists(writes(), max_size=2))
    if reads:
        statements += ["app.conf.task_acks_late", draw(sources(1))]
    if reads or draw(st.booleans()):
        statements = draw(st.permutations(statements))
    return "\n".join(
        ["from celery import Celery", "", f"app = Celery({', '.join(constructor)})", *statements]
    )


def celery_says(text: str) -> dict[str, Any] | None:
    """What Celery has for each of NAMES; None where it refuses the configuration."""
    scope: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(text, "app.py", "exec"), scope)
        except ImproperlyConfigured:
            # A read in the middle was refused: the module cannot even be imported.
            reject()
        try:
            conf = scope["app"].conf
            # The first read replaces the configuration while it looks the key up, and may see the
            # one before (`celery/app/base.py: _load_config`).
            conf.get("task_annotations")
            return {name: conf.get(name) for name in NAMES}
        except ImproperlyConfigured:
            return None


def we_say(text: str, span: Any = (INSTALLED, INSTALLED)) -> dict[str, Any]:
    """What the resolver has for each of NAMES, as far as it has an answer."""
    read = project({"app.py": text})
    read.celery = span
    (app,) = read.all(App)
    found: dict[str, Any] = {}
    for name in NAMES:
        try:
            value = app.configuration.get(name)
            found[name] = defaults.DEFAULTS[name] if value is None else plain(value)
        except Undecided:
            continue
    return found


@examples(250, 20_000)
@given(modules())
def test_the_layers_of_the_configuration(text: str) -> None:
    real, found = celery_says(text), we_say(text)
    if real is None:
        assert not found
    else:
        assert found == real


@examples(125, 5_000)
@given(modules())
def test_where_releases_differ_nothing_is_claimed(text: str) -> None:
    real, found = celery_says(text), we_say(text, ((5, 3), None))
    if real is None:
        assert not found
    else:
        assert found == {name: real[name] for name in found}


# Routes

PARTS = ("shop", "mail", "tasks", "send", "send_all", "*", "se*", "s?nd", "[st]asks", "")
names = st.lists(st.sampled_from(["shop", "mail", "tasks", "send", "send_all"]), min_size=1)
task_names = names.map(lambda parts: ".".join(parts[:3]))
patterns = st.lists(st.sampled_from(PARTS), min_size=1, max_size=3).map(".".join)
queues = st.sampled_from(["a", "b", "long-name"])
options = st.one_of(
    queues,
    st.fixed_dictionaries({"queue": queues}),
    st.fixed_dictionaries({"queue": queues, "routing_key": st.just("r")}),
    st.fixed_dictionaries({"priority": st.integers(0, 9)}),
    st.fixed_dictionaries({"queue": st.none()}),
    st.fixed_dictionaries({"exchange": st.just("e"), "routing_key": st.just("r")}),
    st.just({}),
)
maps = st.dictionaries(patterns, options, max_size=5)
routers = st.one_of(
    maps,
    st.lists(maps, max_size=3),
    st.tuples(maps, st.lists(st.tuples(patterns, options), max_size=4)),
    st.lists(st.lists(st.tuples(patterns, options), max_size=4), max_size=2),
    st.none(),
)


@examples(250, 10_000)
@given(routers, st.lists(task_names, min_size=1, max_size=5), st.sampled_from([None, "d"]))
def test_the_queue_of_a_task(routes: Any, called: list[str], default: str | None) -> None:
    text = (
        "from celery import Celery\n"
        "app = Celery('x', broker='memory://', set_as_current=False, fixups=[])\n"
        f"app.conf.task_routes = {routes!r}\n"
    )
    if default is not None:
        text += f"app.conf.task_default_queue = {default!r}\n"
    scope: dict[str, Any] = {}
    exec(compile(text, "app.py", "exec"), scope)
    amqp = scope["app"].amqp
    (app,) = project({"app.py": text}).all(App)
    for name in called:
        routed = amqp.router.route({}, name)
        queue = routed.get("queue")
        if queue is None and routed.get("exchange") is None:
            queue = amqp.default_queue
        assert route(app, name).queue == (queue and queue.name), (text, name)
