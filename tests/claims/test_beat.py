"""What the rules of beat claim, asked of Celery itself."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

celery = pytest.importorskip("celery")

from celery import Celery  # noqa: E402
from celery.beat import PersistentScheduler, Scheduler, SchedulingError  # noqa: E402
from celery.schedules import ParseException, crontab  # noqa: E402

VERSION = tuple(int(part) for part in celery.__version__.split(".")[:2])


@pytest.fixture
def app() -> Celery:
    made = Celery("claims", broker="memory://", backend="cache+memory://", set_as_current=False)
    made.conf.worker_log_color = False
    return made


def runs(schedule: crontab, day: datetime, hours: int = 24) -> list[datetime]:
    """The minutes of a day at which a crontab is due, asked minute by minute."""
    return [
        minute
        for minute in (day + timedelta(minutes=i) for i in range(60 * hours))
        if minute.minute in schedule.minute
        and minute.hour in schedule.hour
        and minute.isoweekday() % 7 in schedule.day_of_week
        and minute.day in schedule.day_of_month
        and minute.month in schedule.month_of_year
    ]


def sent_by(app: Celery, entry: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What the scheduler sends when an entry is due: the task, args and kwargs."""
    messages: list[tuple[Any, ...]] = []

    class Recording(Scheduler):
        def send_task(self, name: Any, args: Any = None, kwargs: Any = None, **_: Any) -> Any:
            messages.append((name, args, kwargs))
            return SimpleNamespace(id="1")

    scheduler = Recording(app, lazy=True)
    scheduler.update_from_dict({"it": entry})
    scheduler.apply_async(scheduler.schedule["it"], advance=False)
    return messages


def test_CEL500_a_crontab_without_minute_runs_sixty_times() -> None:
    assert len(runs(crontab(hour=2), datetime(2026, 1, 5))) == 60
    assert len(runs(crontab(day_of_week="mon"), datetime(2026, 1, 5))) == 1440
    assert len(runs(crontab(hour="*/24"), datetime(2026, 1, 5))) == 60
    assert len(runs(crontab(minute=0, hour=2), datetime(2026, 1, 5))) == 1


def test_CEL501_a_cron_line_is_no_field() -> None:
    with pytest.raises(ValueError):
        crontab("0 2 * * *")
    read = crontab("*/5 2 * * *")
    assert read.minute == set(range(0, 60, 5)) and read.hour == set(range(24))


def test_CEL501_a_text_is_no_schedule(app: Celery) -> None:
    with pytest.raises(AttributeError):
        Scheduler(app, lazy=True).update_from_dict({"a": {"task": "t", "schedule": "0 2 * * *"}})


@pytest.mark.skipif(VERSION < (5, 5), reason="since Celery 5.5")
def test_CEL501_from_string_reads_a_cron_line() -> None:
    assert crontab.from_string("0 2 * * 1") == crontab(minute="0", hour="2", day_of_week="1")


def test_CEL503_the_third_argument_is_the_weekday() -> None:
    with pytest.raises(ValueError):
        crontab(0, 2, 15)
    assert crontab(0, 2, 1).day_of_week == {1}


@pytest.mark.skipif(VERSION < (5, 5), reason="names of months since Celery 5.5")
def test_CEL503_a_split_cron_line_changes_its_meaning() -> None:
    read = crontab(*"0 2 1 * mon".split())
    assert (read.day_of_week, read.month_of_year) == ({1}, {1})
    assert read.day_of_month == set(range(1, 32))


@pytest.mark.parametrize(
    "fields",
    [
        {"minute": 60},
        {"hour": 24},
        {"day_of_week": 7},
        {"day_of_month": "L"},
        {"day_of_week": "?"},
        {"minute": "@daily"},
        {"minute": ""},
        {"minute": "*/0"},
        {"minute": 0.5},
        {"minute": None},
        {"minute": ["0", "30"]},
        {"day_of_week": "mon, wed"},
        {"day": 1},
        {"tz": "UTC"},
    ],
)
def test_CEL504_crontab_rejects(fields: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError, ParseException)):
        crontab(**fields)


@pytest.mark.parametrize(
    "fields", [{"minute": []}, {"minute": [1.5]}, {"hour": []}, {"hour": [1.5]}]
)
def test_CEL504_crontab_accepts_but_cannot_run(fields: dict[str, Any]) -> None:
    schedule = crontab(**fields)
    with pytest.raises((ValueError, TypeError)):
        schedule.is_due(datetime.now(UTC) - timedelta(days=2))


def test_CEL504_the_repairs_mean_the_same() -> None:
    assert crontab(day_of_week="5-0").day_of_week == {5, 6, 0}
    assert crontab(day_of_week="1-0").day_of_week == set(range(7))
    assert crontab(day_of_week="6,0").day_of_week == {6, 0}


def test_CEL513_an_unknown_key_stops_beat(app: Celery, tmp_path: Any) -> None:
    app.conf.beat_schedule = {"a": {"task": "t", "schedule": 60.0, "queue": "mails"}}
    with pytest.raises(TypeError, match="unexpected keyword argument 'queue'"):
        PersistentScheduler(app, schedule_filename=str(tmp_path / "schedule"))


def test_CEL514_a_tuple_is_sent_as_the_name(app: Celery) -> None:
    assert sent_by(app, {"task": ("t",), "schedule": 60.0}) == [(("t",), [], {})]


def test_CEL514_a_list_cannot_be_sent(app: Celery) -> None:
    scheduler = Scheduler(app, lazy=True)
    scheduler.update_from_dict({"a": {"task": ["t"], "schedule": 60.0}})
    with pytest.raises(TypeError, match="unhashable"):
        scheduler.apply_async(scheduler.schedule["a"], advance=False)


def test_CEL514_an_unknown_name_is_sent_all_the_same(app: Celery) -> None:
    assert sent_by(app, {"task": "no.such.task", "schedule": 60.0}) == [("no.such.task", [], {})]


def test_CEL515_a_text_becomes_one_argument_for_each_character(app: Celery) -> None:
    entry = {"task": "t", "schedule": 60.0, "args": ("abc")}
    assert sent_by(app, entry) == [("t", ["a", "b", "c"], {})]
    assert sent_by(app, {**entry, "args": "x"}) == [("t", ["x"], {})]


@pytest.mark.parametrize(
    "wrong", [{"args": 16}, {"kwargs": ["a"]}, {"options": "mails"}, {"options": ["mails"]}]
)
def test_CEL515_other_shapes_are_never_sent(app: Celery, wrong: dict[str, Any]) -> None:
    with pytest.raises(SchedulingError):
        sent_by(app, {"task": "t", "schedule": 60.0, **wrong})


@pytest.mark.parametrize("fine", [{"args": None}, {"kwargs": None}, {"args": {1}}])
def test_CEL515_shapes_that_work(app: Celery, fine: dict[str, Any]) -> None:
    assert len(sent_by(app, {"task": "t", "schedule": 60.0, **fine})) == 1


def test_CEL515_beat_checks_the_arguments_of_a_task_it_knows(app: Celery) -> None:
    @app.task(name="known", shared=False)
    def known(period: str) -> None: ...

    with pytest.raises(SchedulingError, match="missing 1 required positional argument"):
        sent_by(app, {"task": "known", "schedule": 60.0})


def test_CEL515_a_signature_takes_the_new_arguments_first(app: Celery) -> None:
    @app.task(name="known", shared=False)
    def known(*args: str) -> None: ...

    app.finalize()
    _, entry = app._sig_to_periodic_task_entry(60.0, known.s("own"), args=("new",))
    assert tuple(entry["args"]) == ("new", "own")
    _, entry = app._sig_to_periodic_task_entry(60.0, known.si("own"), args=("new",))
    assert tuple(entry["args"]) == ("own",)


def test_CEL518_options_of_add_periodic_task_are_execution_options(app: Celery) -> None:
    @app.task(name="known", shared=False)
    def known() -> None: ...

    app.finalize()
    _, entry = app._sig_to_periodic_task_entry(60.0, known.s(), expires=60)
    assert entry["options"]["expires"] == 60


def test_CEL522_two_entries_are_two_messages(app: Celery) -> None:
    day = datetime(2026, 1, 5)
    both = set(runs(crontab(minute=0), day)) & set(runs(crontab(minute=0, hour=2), day))
    assert both == {datetime(2026, 1, 5, 2)}


def test_CEL525_an_interval_counts_from_the_last_run(app: Celery) -> None:
    app.conf.beat_schedule = {"a": {"task": "t", "schedule": 86400.0}}
    scheduler = Scheduler(app, lazy=True)
    scheduler.update_from_dict(app.conf.beat_schedule)
    due, wait = scheduler.schedule["a"].is_due()
    assert not due and 86000 < wait <= 86400


def test_every_entry_key_is_accepted(app: Celery) -> None:
    from flake8_celery.rules.beat.entries import ENTRY_KEYS

    entry = {"task": "t", "schedule": 60.0, "args": (), "kwargs": {}, "options": {}}
    entry |= {"relative": False, "last_run_at": None, "total_run_count": 0}
    assert set(entry) == ENTRY_KEYS
    Scheduler(app, lazy=True).update_from_dict({"a": entry})


def test_the_keys_of_rows_are_fields_of_the_model() -> None:
    models = pytest.importorskip("importlib.util").find_spec("django_celery_beat")
    if models is None:
        pytest.skip("django-celery-beat is not installed")
    from flake8_celery.rules.beat.entries import ENTRY_KEYS, ROW_KEYS

    path = models.submodule_search_locations[0] + "/models.py"
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    model = next(
        node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "PeriodicTask"
    )
    fields = {
        node.targets[0].id
        for node in model.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    assert fields >= ROW_KEYS - ENTRY_KEYS
