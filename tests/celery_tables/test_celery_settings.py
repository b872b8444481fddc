"""The table of settings against the installed Celery, and our look-up against a real app's."""

import os
from typing import Any

import pytest

from flake8_celery.celery.settings import (
    SETTINGS,
    Setting,
    canonical,
    is_new,
    is_old,
    is_third_party,
    mixing,
    spellings,
    suggest,
)
from flake8_celery.celery.settings_data import DECLARED, UNDECLARED

from ..fuzz import examples

celery = pytest.importorskip("celery")
hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

from celery.app import defaults  # noqa: E402
from celery.exceptions import ImproperlyConfigured  # noqa: E402

RELEASE = tuple(int(part) for part in celery.__version__.split(".")[:2])
LEGACY = RELEASE < (5, 7)
TYPE_NAMES = {"<class 'int'>": "int", "str": "string"}


# What was otherwise before a release: setting -> (that release, field, what it was before).
BEFORE: dict[str, tuple[tuple[int, int], str, Any]] = {
    "database_engine_options": ((5, 7), "default", None),
    "control_queue_exclusive": ((5, 7), "default", False),
    "event_queue_exclusive": ((5, 7), "default", False),
    "task_acks_on_failure_or_timeout": ((5, 7), "deprecated", None),
    "worker_concurrency": ((5, 7), "type", "int"),
}


def expected(name: str) -> Setting:
    """The row of a setting as it was in the installed release."""
    setting = SETTINGS[name]
    release, field, before = BEFORE.get(name, (RELEASE, "", None))
    return setting._replace(**{field: before}) if release > RELEASE else setting


def test_table_matches_installed() -> None:
    ours = {row[0] for row in DECLARED if SETTINGS[row[0]].since <= RELEASE}
    known = getattr(defaults, "_OPTIONS", None) or dict(defaults.flatten(defaults.NAMESPACES))
    assert ours == set(defaults.DEFAULTS) == set(known)
    for name, option in known.items():
        setting = expected(name)
        assert setting.old == defaults._TO_OLD_KEY[name]
        assert setting.type == TYPE_NAMES.get(str(option.type), str(option.type)), name
        assert setting.default in (option.default, repr(option.default)), name
        stages = (option.deprecate_by, option.remove_by, option.alt)
        assert setting.deprecated == (stages if any(stages[:2]) else None), name
        assert setting.until is None or setting.until > RELEASE, name


def test_undeclared_settings_are_really_missing_from_the_table() -> None:
    assert not {row[0] for row in UNDECLARED} & set(defaults.DEFAULTS)


@pytest.mark.skipif(LEGACY, reason="up to 5.6 the keys depend on what is configured: see below")
def test_spellings_are_those_that_celery_looks_up() -> None:
    for namespace in (None, "CELERY", "celery", "CELERY_", "Mixed", "task", "BROKER"):
        app = celery.Celery("x", set_as_current=False, fixups=[], namespace=namespace)
        for name in SETTINGS:
            real = list(dict.fromkeys(app.conf._to_keys(name)))
            assert spellings(name, namespace) == real, (namespace, name)


SOME = (
    *("task_time_limit", "result_expires", "broker_pool_limit", "task_always_eager", "timezone"),
    *("worker_concurrency", "beat_schedule_filename", "accept_content", "enable_utc"),
    *("task_serializer", "database_url", "imports", "task_default_queue", "result_backend"),
)
NAMESPACES = (None, None, "CELERY", "CELERY", "celery", "CELERY_", "APP", "Mixed")


@st.composite
def keys(draw: Any) -> str:
    name = draw(st.sampled_from(SOME))
    forms = [
        name,
        name,
        defaults._TO_OLD_KEY[name],
        "CELERY_" + name.upper(),
        "celery_" + name,
        "APP_" + name.upper(),
        "APP_CELERY_RESULT_BACKEND",
        "mixed_" + name,
        name.upper(),
        name + "x",
    ]
    return str(draw(st.sampled_from(forms)))


def read(app: Any, name: str) -> Any:
    return app.conf.result_backend if name == "result_backend" else app.conf.get(name)


def check_key(key: str, namespace: str | None, written: str) -> None:
    """A key alone in the configuration sets the one setting that `canonical` names."""
    app = celery.Celery("x", set_as_current=False, fixups=[], namespace=namespace)
    marker = object()
    if written == "object":
        app.config_from_object({key: marker})
    elif written == "early":
        app.conf[key] = marker
    else:
        assert app.conf.task_acks_late is False
        app.conf[key] = marker
    real = [name for name in SOME if read(app, name) is marker]
    ours = canonical(key, namespace, legacy=LEGACY, written=written)  # type: ignore[arg-type]
    assert real == ([ours] if ours else []), (key, namespace, written)


@examples(300, 5_000)
@hypothesis.given(keys(), st.sampled_from(NAMESPACES), st.sampled_from(["object", "early", "late"]))
def test_a_key_sets_what_canonical_says(key: str, namespace: str | None, written: str) -> None:
    os.environ.pop("CELERY_RESULT_BACKEND", None)
    check_key(key, namespace, written)


def check_mixing(early: list[str], source: list[str], broker: bool, namespace: str | None) -> bool:
    app = celery.Celery(
        "x",
        broker="redis://" if broker else None,
        set_as_current=False,
        fixups=[],
        namespace=namespace,
    )
    app.conf.update(dict.fromkeys(early, 1))
    app.config_from_object(dict.fromkeys(source, 1))
    given = source or [*early, *(["broker_url"] if broker else [])]
    ours = mixing(given, ["broker_url"] if broker else [], namespace)
    try:
        assert app.conf.task_acks_late in (False, 1)
    except ImproperlyConfigured as error:
        real = [line.split()[0] for line in str(error).splitlines() if "->" in line]
        assert real == ours
    else:
        assert ours == []
    return bool(ours)


@examples(300, 5_000)
@hypothesis.given(
    st.lists(keys(), max_size=3),
    st.lists(keys(), max_size=5),
    st.booleans(),
    st.sampled_from((None, None, "CELERY")),
)
def test_mixing_raises_where_we_say(
    early: list[str], source: list[str], broker: bool, namespace: str | None
) -> None:
    check_mixing(early, source, broker, namespace)


def test_old_names_under_a_namespace_came_alive_with_5_7() -> None:
    assert canonical("CELERYD_CONCURRENCY", "CELERY", legacy=True) is None
    assert canonical("CELERYD_CONCURRENCY", "CELERY", legacy=False) == "worker_concurrency"
    assert canonical("CELERYD_CONCURRENCY", None, legacy=True) == "worker_concurrency"


def test_upper_case_of_a_new_name_does_not_work() -> None:
    assert canonical("TASK_SERIALIZER", "CELERY", legacy=False) is None
    assert canonical("CELERY_TASK_ALWAYS_EAGER", None, legacy=False) is None


@pytest.mark.parametrize(
    ("key", "namespace", "meant"),
    [
        ("prefetch_multiplier", None, "worker_prefetch_multiplier"),
        ("task_concurrency", None, "worker_concurrency"),
        ("worker_time_limit", None, "task_time_limit"),
        ("limit_time_task", None, "task_time_limit"),
        ("task_serializers", None, "task_serializer"),
        ("CELERY_CONCURRENCY", "CELERY", "CELERY_WORKER_CONCURRENCY"),
        ("CELERY_MAX_TASKS_PER_CHILD", "CELERY", "CELERY_WORKER_MAX_TASKS_PER_CHILD"),
        ("CELERY_PREFETH_MULTIPLIRE", "CELERY", "CELERY_WORKER_PREFETCH_MULTIPLIER"),
        ("CELERYD_CONCURRENCY", "CELERY", "CELERY_WORKER_CONCURRENCY"),
        ("CELERY_TSKK_RESULT_EXPIRES", None, "CELERY_TASK_RESULT_EXPIRES"),
        ("CELERY_TASK_ALWAYS_EAGER", None, "CELERY_ALWAYS_EAGER"),
        ("RESULT_BACKEND", "CELERY", "CELERY_RESULT_BACKEND"),
        ("task_time_limt", "APP", "APP_TASK_TIME_LIMIT"),
        ("CELERY_WORKER_TASK_SOFT_TIME_LIMIT", "CELERY", "CELERY_TASK_SOFT_TIME_LIMIT"),
        ("CELERY_TASK_SEND_EVENTS", "CELERY", "CELERY_WORKER_SEND_TASK_EVENTS"),
        # Works, is nobody's, or could be several.
        ("worker_task_retries", None, None),
        ("CELERY_TASK_MAX", "CELERY", None),
        ("task_time_limit", None, None),
        ("serializer", None, None),
        ("DATABASES", None, None),
        ("EMAIL_PORT", None, None),
    ],
)
def test_suggestions(key: str, namespace: str | None, meant: str | None) -> None:
    assert suggest(key, namespace) == meant


def test_every_suggestion_for_a_wrong_prefix_works() -> None:
    for name, setting in SETTINGS.items():
        for key in (name.upper(), "CELERY_" + name.upper(), setting.old, "x" + name):
            for namespace in (None, "CELERY", "app"):
                found = suggest(key, namespace)
                assert found is None or canonical(found, namespace, legacy=True) is not None


def test_generations() -> None:
    assert is_old("CELERYD_CONCURRENCY")
    assert is_new("worker_concurrency")
    assert not is_new("TIME_ZONE")


def test_extensions_are_not_unknown() -> None:
    for key in ("redbeat_redis_url", "CELERY_SINGLETON_KEY_PREFIX", "ONCE", "CELERY_EMAIL_BACKEND"):
        assert is_third_party(key)
    assert not is_third_party("CELERY_TASK_TIME_LIMT")
