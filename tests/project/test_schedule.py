"""Where schedules come from, and what an entry and a crontab mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flake8_celery.project import Project
from flake8_celery.project.schedule import BeatEntry, CrontabCall
from flake8_celery.project.values import Const
from flake8_celery.rule import Undecided

from .build import project

APP = """
    from datetime import timedelta
    from celery import Celery
    from celery.schedules import crontab, schedule
    app = Celery("shop")
"""


def entries(made: Project) -> dict[str | None, BeatEntry]:
    return {entry.key: entry for entry in made.all(BeatEntry)}


def one_entry(schedule: str, start: str = APP) -> BeatEntry:
    text = (
        f'{start}    app.conf.beat_schedule = {{"it": {{"task": "t", "schedule": {schedule}}}}}\n'
    )
    (entry,) = project(shop=text).all(BeatEntry)
    return entry


# Where entries come from


@pytest.mark.parametrize(
    "statement",
    [
        'app.conf.beat_schedule = {"a": {"task": "t", "schedule": 60}}',
        'app.conf["beat_schedule"] = {"a": {"task": "t", "schedule": 60}}',
        'app.conf.update(beat_schedule={"a": {"task": "t", "schedule": 60}})',
        'app.conf.beat_schedule["a"] = {"task": "t", "schedule": 60}',
        'app.conf.beat_schedule.update({"a": {"task": "t", "schedule": 60}})',
    ],
)
def test_entries_of_a_setting(statement: str) -> None:
    found = entries(project(shop=f"{APP}    {statement}\n"))
    assert list(found) == ["a"]
    assert found["a"].task_name == "t"
    assert found["a"].interval == 60
    assert found["a"].scheduler == "persistent"


def test_entries_of_django_settings() -> None:
    made = project(
        {
            "shop/celery.py": """
                import os
                from celery import Celery
                os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
                app = Celery("shop")
                app.config_from_object("django.conf:settings", namespace="CELERY")
            """,
            "shop/settings.py": """
                INSTALLED_APPS = []
                CELERY_BEAT_SCHEDULE = {"a": {"task": "t", "schedule": 60}}
                CELERY_BEAT_SCHEDULE["b"] = {"task": "u", "schedule": 60}
            """,
        }
    )
    found = entries(made)
    assert set(found) == {"a", "b"}
    assert found["b"].where.shown == "shop/settings.py:4"


def test_a_place_is_its_key() -> None:
    entry = one_entry("60")
    row, column, end_row, end_column = entry.span
    assert (row, end_row) == (6, 6)
    assert end_column - column == len('"it"')


def test_entries_that_no_app_can_be_followed_to() -> None:
    made = project(
        {
            "shop/worker.py": """
                from celery import Celery
                celery = Celery("shop")
                def init(flask_app):
                    celery.config_from_object(flask_app.config, namespace="CELERY")
            """,
            "shop/default_settings.py": """
                CELERY_BEAT_SCHEDULE = {"a": {"task": "t", "schedule": 60}}
                CRON = {"b": {"task": "t", "schedule": 60}}
            """,
            "shop/settings_dev.py": """
                CELERY_BEAT_SCHEDULE = {"c": {"task": "t", "schedule": 60}}
            """,
        }
    )
    found = entries(made)
    assert {key: entry.in_test for key, entry in found.items()} == {"a": False, "c": True}


def test_a_variable_of_that_name_is_no_configuration() -> None:
    made = project(
        shop="""
            import celery
            beat_schedule = {"a": {"task": "t", "schedule": 60}}
            class Fields:
                beat_schedule = {"b": {"task": "t", "schedule": 60}}
            def build():
                CELERY_BEAT_SCHEDULE = {"c": {"task": "t", "schedule": 60}}
        """
    )
    assert made.all(BeatEntry) == []


def test_a_configuration_class_is_configuration() -> None:
    made = project(
        config="""
            import celery
            class CeleryConfig:
                beat_schedule = {"a": {"task": "t", "schedule": 60}}
        """
    )
    assert list(entries(made)) == ["a"]


def test_entries_of_add_periodic_task() -> None:
    made = project(
        shop=f"""{APP}
    @app.task
    def send(*args, **kwargs): ...
    @app.on_after_configure.connect
    def schedule_tasks(sender, **kwargs):
        sender.add_periodic_task(60, send.s(1, a=2), args=(0,), name="a", queue="mails")
        sender.add_periodic_task(60, send.si(1).set(expires=5), args=(0,), name="b")
        sender.add_periodic_task(60, send, name="c")
        sender.add_periodic_task(60, something(), name="d")
"""
    )
    found = entries(made)
    assert [entry.task_name for entry in found.values()] == ["shop.send"] * 3 + [None]
    assert found["a"].args is not None and found["a"].args.value == (0, 1)
    assert found["a"].kwargs is not None and found["a"].kwargs.value == {"a": 2}
    assert found["a"].options is not None and found["a"].options.value == {"queue": "mails"}
    assert found["b"].args is not None and found["b"].args.value == (1,)
    assert found["b"].options is not None and found["b"].options.value == {"expires": 5}
    assert found["d"].options is not None and not found["d"].options.known
    assert all(entry.app is made.all(BeatEntry)[0].app for entry in found.values())


def test_rows_of_django_celery_beat() -> None:
    made = project(
        shop="""
            from django_celery_beat.models import PeriodicTask
            def install(apps):
                PeriodicTask.objects.create(name="a", task="t")
                PeriodicTask.objects.update_or_create(name="b", defaults={"task": "u"})
                Model = apps.get_model("django_celery_beat", "PeriodicTask")
                PeriodicTask.objects.filter(name="c").delete()
        """
    )
    found = entries(made)
    assert {key: entry.task_name for key, entry in found.items()} == {"a": "t", "b": "u"}
    assert found["a"].scheduler == "database"


def test_a_row_in_a_migration() -> None:
    made = project(
        migration="""
            import django_celery_beat
            def install(apps, editor):
                PeriodicTask = apps.get_model("django_celery_beat", "PeriodicTask")
                PeriodicTask.objects.create(name="a", task="t")
        """
    )
    assert list(entries(made)) == ["a"]


# The scheduler


@pytest.mark.parametrize(
    ("setting", "scheduler"),
    [
        ("", "persistent"),
        ('beat_scheduler="celery.beat:PersistentScheduler"', "persistent"),
        ('beat_scheduler="django_celery_beat.schedulers:DatabaseScheduler"', "database"),
        ('beat_scheduler="django"', "database"),
        ('beat_scheduler="redbeat.RedBeatScheduler"', "redbeat"),
        ('beat_scheduler="shop.schedulers.Own"', None),
        ("**OPTIONS", None),
    ],
)
def test_scheduler(setting: str, scheduler: str | None) -> None:
    start = APP.replace('Celery("shop")', f'Celery("shop", {setting})')
    assert one_entry("60", start).scheduler == scheduler


# What a schedule means


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [
        ("60", 60),
        ("1.5", 1.5),
        ("60 * 60", 3600),
        ("timedelta(minutes=1)", 60),
        ("timedelta(1, 30)", 86430),
        ("timedelta(days=1) + timedelta(hours=1)", 90000),
        ("2 * timedelta(hours=1)", 7200),
        ("schedule(30)", 30),
        ("schedule(run_every=timedelta(seconds=30))", 30),
    ],
)
def test_intervals(schedule: str, seconds: float) -> None:
    entry = one_entry(schedule)
    assert entry.interval == seconds
    assert entry.crontab is None


def test_crontabs() -> None:
    entry = one_entry('crontab(0, "2,3", day_of_month=1)')
    assert entry.interval is None
    crontab = entry.crontab
    assert crontab is not None
    assert (crontab.minute, crontab.hour, crontab.day_of_month) == ({0}, {2, 3}, {1})


@pytest.mark.parametrize("schedule", ["crontab(minute=x)", "crontab(*args)", "crontab(minute=60)"])
def test_crontabs_that_are_not_known(schedule: str) -> None:
    entry = one_entry(schedule)
    assert entry.interval is None
    with pytest.raises(Undecided):
        assert entry.crontab


@pytest.mark.parametrize("schedule", ["timedelta(**x)", "x", '"text"', "solar('dawn', 1, 2)"])
def test_schedules_that_are_not_known(schedule: str) -> None:
    entry = one_entry(schedule)
    with pytest.raises(Undecided):
        assert entry.interval
    with pytest.raises(Undecided):
        assert entry.crontab


@given(st.integers(0, 10**6), st.integers(0, 10**4), st.integers(0, 10**3))
def test_timedeltas_add_up(seconds: int, minutes: int, days: int) -> None:
    from datetime import timedelta

    entry = one_entry(f"timedelta(seconds={seconds}, minutes={minutes}, days={days})")
    expected = timedelta(seconds=seconds, minutes=minutes, days=days).total_seconds()
    assert entry.interval == pytest.approx(expected)


# Crontabs


def test_the_fields_of_a_crontab() -> None:
    made = project(
        shop="""
            from celery.schedules import crontab as cron
            a = cron(0, "2", day_of_week="mon", nowfun=now)
            b = cron(*"0 2 * * *".split())
            c = cron(*fields, **more)
        """
    )
    a, b, c = made.all(CrontabCall)
    assert {k: v.value for k, v in a.fields.items()} == {
        "minute": 0,
        "hour": "2",
        "day_of_week": "mon",
    }
    assert a.positional == 2 and list(a.others) == ["nowfun"] and not a.open
    assert b.positional == 5 and b.split is not None
    assert c.open and not c.fields


def test_another_crontab_is_none() -> None:
    made = project(shop="import celery\nfrom croniter import crontab\ncrontab(hour=2)\n")
    assert made.all(CrontabCall) == []


def test_a_crontab_knows_its_entries() -> None:
    made = project(
        shop=f"""{APP}
    NIGHTLY = crontab(minute=0, hour=2)
    app.conf.beat_schedule = {{
        "a": {{"task": "t", "schedule": NIGHTLY}},
        "b": {{"task": "t", "schedule": NIGHTLY}},
    }}
"""
    )
    (call,) = made.all(CrontabCall)
    assert [entry.key for entry in call.entries] == ["a", "b"]
    assert isinstance(call.fields["hour"], Const)
    assert not any(entry.holds(call.fields["hour"]) for entry in call.entries)
