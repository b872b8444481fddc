"""What the rules about schedules claim, asked of Celery itself."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

celery = pytest.importorskip("celery")

from celery import Celery  # noqa: E402
from celery.beat import Scheduler  # noqa: E402
from celery.schedules import crontab, maybe_schedule, schedule, solar  # noqa: E402

VERSION = tuple(int(part) for part in celery.__version__.split(".")[:2])


@pytest.fixture
def app() -> Celery:
    return Celery("claims", broker="memory://", backend="cache+memory://", set_as_current=False)


def beat(app: Celery, value: Any, ticks: int = 3) -> int:
    """How often an entry of this schedule is sent within a few ticks of beat."""
    sent: list[str] = []

    class Recording(Scheduler):
        def apply_async(self, entry: Any, *args: Any, **kwargs: Any) -> Any:
            sent.append(entry.name)

    scheduler = Recording(app, lazy=True)
    scheduler.update_from_dict({"it": {"task": "t", "schedule": value}})
    for _ in range(ticks):
        scheduler.tick()
    return len(sent)


def test_CEL502_what_follows_a_pattern_is_dropped() -> None:
    assert crontab(minute="*/5 2").minute == set(range(0, 60, 5))
    assert crontab(minute="5-10-15").minute == {5, 6, 7, 8, 9, 10}
    assert crontab(day_of_week="mon#1").day_of_week == {1}
    assert crontab(day_of_week="mon/2").day_of_week == {1}
    assert crontab(hour="9-17 mon-fri").hour == set(range(9, 18))


@pytest.mark.skipif(VERSION < (5, 7), reason="since Celery 5.7")
def test_CEL505_a_date_that_never_comes_is_refused() -> None:
    with pytest.raises(ValueError):
        crontab(minute=0, hour=0, day_of_month=30, month_of_year=2)
    with pytest.raises(ValueError):
        crontab(minute=0, hour=0, day_of_month="31", month_of_year="4,6,9,11")
    assert crontab(minute=0, hour=0, day_of_month=29, month_of_year=2)


def test_CEL507_a_step_counts_from_zero() -> None:
    assert crontab(minute="*/45").minute == {0, 45}
    assert crontab(minute="*/90").minute == {0}
    assert crontab(hour="*/5").hour == {0, 5, 10, 15, 20}
    assert crontab(hour="*/48").hour == {0}


@pytest.mark.parametrize(
    "value", ["300", b"300", time(3), datetime(2030, 1, 1), {"minute": 5}, (0, 3), [5]]
)
def test_CEL511_other_types_stop_beat(app: Celery, value: Any) -> None:
    with pytest.raises(AttributeError):
        beat(app, value)


@pytest.mark.parametrize("value", [crontab, timedelta])
def test_CEL511_a_class_stops_beat(app: Celery, value: Any) -> None:
    with pytest.raises(TypeError):
        beat(app, value)


def test_CEL511_a_schedule_of_text_has_no_next_run() -> None:
    with pytest.raises((AttributeError, TypeError)):
        schedule("300").is_due(datetime(2030, 1, 1))


@pytest.mark.parametrize("value", [0, -1, False, timedelta(0), timedelta(seconds=-5), schedule(0)])
def test_CEL511_an_interval_of_nothing_is_always_due(app: Celery, value: Any) -> None:
    assert beat(app, value) == 3


@pytest.mark.parametrize(
    "given", [("sunsets", 1, 1), ("sunset", 91, 1), ("sunset", 1, 181), ("sunset", "52", 13)]
)
def test_CEL511_solar_knows_its_events_and_places(given: Any) -> None:
    pytest.importorskip("ephem")
    with pytest.raises((ValueError, TypeError)):
        solar(*given)
    assert solar("sunset", -90, 180)


def test_CEL511_true_is_one_second() -> None:
    assert maybe_schedule(True).run_every == timedelta(seconds=1)


@pytest.mark.parametrize(
    "table", [None, [("a", {"task": "t"})], {"a": None}, {"a": ("t", 5)}, {"a": 5}]
)
def test_CEL511_a_schedule_is_a_dict_of_dicts(app: Celery, table: Any) -> None:
    app.conf.beat_schedule = table
    with pytest.raises((TypeError, IndexError, ValueError, AttributeError)):
        Scheduler(app, lazy=True).merge_inplace(app.conf.beat_schedule)


def test_CEL516_celery_sends_expire_seconds_as_a_property(app: Celery) -> None:
    sent: list[dict[str, Any]] = []

    class Recording(Scheduler):
        def send_task(self, *args: Any, **options: Any) -> Any:
            sent.append(options)

    scheduler = Recording(app, lazy=True)
    options = {"expire_seconds": 5}
    scheduler.update_from_dict({"it": {"task": "t", "schedule": 5, "options": options}})
    scheduler.apply_async(scheduler.schedule["it"], advance=False)
    assert sent[0]["expire_seconds"] == 5 and "expires" not in sent[0]


UNPACK = """
from django.conf import settings
settings.configure(INSTALLED_APPS=["django_celery_beat"], SECRET_KEY="x")
import django
django.setup()
from django_celery_beat.schedulers import ModelEntry
print(sorted(k for k, v in ModelEntry._unpack_options(expires=5, time_limit=5).items() if v == 5))
print(sorted(k for k, v in ModelEntry._unpack_options(expire_seconds=5).items() if v == 5))
"""


def test_CEL516_django_celery_beat_drops_expires() -> None:
    pytest.importorskip("django_celery_beat")
    done = subprocess.run([sys.executable, "-c", UNPACK], capture_output=True, text=True)
    assert done.stdout.split("\n")[:2] == ["[]", "['expire_seconds']"]


def test_CEL528_the_last_entry_of_a_key_stays(app: Celery) -> None:
    app.conf.beat_schedule = {"a": {"task": "one", "schedule": 5}}
    app.conf.beat_schedule.update({"a": {"task": "two", "schedule": 5}})
    scheduler = Scheduler(app, lazy=True)
    scheduler.merge_inplace(app.conf.beat_schedule)
    assert scheduler.schedule["a"].task == "two" and len(scheduler.schedule) == 1


APP = """
from celery import Celery
app = Celery("late", broker="memory://", include=["late_tasks"])
@app.on_after_configure.connect
def here(sender, **kwargs):
    print("app")
"""
TASKS = """
from late_app import app
@app.on_after_configure.connect
def configured(sender, **kwargs):
    print("configured")
@app.on_after_finalize.connect
def finalized(sender, **kwargs):
    print("finalized")
"""


def test_CEL532_beat_loads_the_configuration_before_it_imports_tasks(tmp_path: Path) -> None:
    (tmp_path / "late_app.py").write_text(APP)
    (tmp_path / "late_tasks.py").write_text(TASKS)
    run = (
        "import sys; from celery.bin.celery import main; from celery.beat import Service\n"
        "Service.start = lambda self, **k: None\n"
        "sys.argv = ['celery', '-A', 'late_app', 'beat', '-s', 'schedule.db', '--pidfile=']\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", run], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    said = [line for line in done.stdout.split("\n") if line in ("app", "configured", "finalized")]
    assert said == ["app", "finalized"]
