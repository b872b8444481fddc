"""The next runs of a schedule against beat's own reckoning, with the clock changes of real zones.

`ran` is a beat that is always on time: it asks the schedule whether it is due, and sleeps for as
long as the answer says.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flake8_celery.celery.crontab import FIELDS, Crontab, next_runs, next_runs_in

from ..fuzz import examples

celery = pytest.importorskip("celery")
hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

from celery.schedules import crontab, schedule  # noqa: E402

RELEASE = tuple(int(part) for part in celery.__version__.split(".")[:2])
# Where the clock is changed by an hour, by half an hour, and not at all; the days around a change.
CHANGES = {
    "America/New_York": ["2026-03-08", "2026-11-01"],
    "Europe/Berlin": ["2026-03-29", "2026-10-25"],
    "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"],
    "UTC": ["2026-03-29", "2026-10-25"],
}
MOMENTS = [(name, datetime.fromisoformat(day)) for name, days in CHANGES.items() for day in days]


def values(field: str) -> Any:
    """Often all, so that something happens while the clock is changed."""
    low, high = FIELDS[field]
    few = st.frozensets(st.integers(low, high), min_size=1, max_size=4)
    night = st.frozensets(st.integers(0, 4), min_size=1, max_size=4)
    everything = st.just(frozenset(range(low, high + 1)))
    if field == "hour":
        return st.one_of(everything, everything, night, night, few)
    if field == "minute":
        steps = st.sampled_from([1, 5, 15, 20, 30]).map(lambda n: frozenset(range(0, 60, n)))
        return st.one_of(steps, few, few)
    return st.one_of(everything, everything, everything, everything, few)


CRONTABS = st.builds(Crontab, *(values(field) for field in FIELDS))
starts = st.tuples(st.sampled_from(MOMENTS), st.integers(-2 * 86400, 2 * 86400))


def moment(start: tuple[tuple[str, datetime], int]) -> datetime:
    (name, day), seconds = start
    return (day.replace(tzinfo=UTC) + timedelta(seconds=seconds)).astimezone(ZoneInfo(name))


def beats(made: Any, clock: list[datetime], count: int) -> list[datetime]:
    """When a schedule is run for the first `count` times by a beat that starts now."""
    runs: list[datetime] = []
    zone = clock[0].tzinfo
    last = clock[0]
    while len(runs) < count:
        due, pause = made.is_due(last)
        if due:
            last = clock[0]
            runs.append(last)
            continue
        later = (clock[0].astimezone(UTC) + timedelta(seconds=pause)).astimezone(zone)
        if RELEASE < (5, 4) and later.utcoffset() != clock[0].utcoffset():
            # What 5.3 says is time on the wall; beat asks again every five minutes at least, here
            # at every full minute.
            pause = pause - 86400 if pause > 3 * 86400 else 60 - clock[0].second
            later = (clock[0].astimezone(UTC) + timedelta(seconds=pause)).astimezone(zone)
        clock[0] = later
    return runs


def app_in(after: datetime) -> Any:
    app = celery.Celery("x", set_as_current=False, fixups=[])
    app.conf.timezone = str(after.tzinfo)
    return app


def of_5_3(c: Crontab, after: datetime, count: int) -> list[datetime]:
    """Beat of 5.3: a run happens as soon as the clock on the wall has reached its time."""
    runs: list[datetime] = []
    while len(runs) < count:
        (wall,) = next_runs(c, after.replace(tzinfo=None), 1)
        run = wall.replace(tzinfo=after.tzinfo).astimezone(UTC)
        while True:
            earlier = run - timedelta(minutes=1)
            reached = earlier.astimezone(after.tzinfo).replace(tzinfo=None) >= wall
            if not reached or earlier <= after.astimezone(UTC):
                break
            run = earlier
        after = run.astimezone(after.tzinfo)
        runs.append(after)
    return runs


def is_second_of_two(at: datetime) -> bool:
    """Whether the clock shows a time that it has shown before: 01:30 again."""
    return at.astimezone(UTC).astimezone(at.tzinfo).fold == 1


@examples(200, 5_000)
@hypothesis.given(CRONTABS, starts)
def test_crontabs_run_when_beat_runs_them(c: Crontab, start: Any) -> None:
    hypothesis.assume(len(c.day_of_month) == 31 or c.day_of_month & set(range(1, 29)))
    after = moment(start)
    # Celery since 5.4 takes every time in the second of two equal hours for overdue, and runs the
    # task again and again until that hour is over: nothing that could be promised.
    hypothesis.assume(not is_second_of_two(after))
    clock = [after]
    made = crontab(*(set(given) for given in c), app=app_in(after), nowfun=lambda: clock[0])
    ours = (of_5_3 if RELEASE < (5, 4) else next_runs_in)(c, after, 4)
    assert beats(made, clock, 4) == ours


@examples(200, 5_000)
@hypothesis.given(st.integers(1, 3 * 86400), starts)
def test_intervals_are_counted_from_the_last_run(seconds: int, start: Any) -> None:
    after = moment(start)
    made = schedule(timedelta(seconds=seconds), app=app_in(after), nowfun=lambda: after)
    wait = made.remaining_estimate(after).total_seconds()
    if (5, 4) <= RELEASE < (5, 7):
        # Time on the wall: a day is an hour shorter when the clock is put forward.
        later = after + timedelta(seconds=seconds)
        assert wait == (later.astimezone(UTC) - after.astimezone(UTC)).total_seconds()
    else:
        assert wait == seconds
