"""Our crontab against Celery's: the grammar, when runs fall, and when two of them meet."""

import string
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from flake8_celery.celery.crontab import (
    FIELDS,
    Crontab,
    CrontabError,
    coincide,
    describe,
    expand,
    ignored_tails,
    minimum_gap,
    next_runs,
    occurs,
    parse,
)

from ..fuzz import examples

celery = pytest.importorskip("celery")
hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

from celery.schedules import crontab  # noqa: E402

RELEASE = tuple(int(part) for part in celery.__version__.split(".")[:2])
TOKENS = (
    *("*", "/", "-", ",", "0", "1", "2", "5", "7", "9", "15", "30", "59", "60", "12", "31", "x"),
    *("mon", "sun", "fri", "jan", "MAR", "dec", "*/5", "1-5", "0-59/15", "L", "#", "?", "sat"),
    *("may", "٣", "²", "_", "+", "1_0", "-1", " ", "\n", "wedding", "thu", "*/2", "6-1"),
)


def real_expand(field: str, value: Any) -> set[int] | None:
    low, high = FIELDS[field]
    try:
        return set(crontab._expand_cronspec(value, high - low + 1, low))
    except Exception:
        return None


def our_expand(field: str, value: Any) -> set[int] | None:
    try:
        return set(expand(field, value, month_names=RELEASE >= (5, 5)))
    except CrontabError as error:
        assert error.field == field
        assert str(error)
        return None


@examples(1500, 100_000)
@hypothesis.given(
    st.sampled_from(list(FIELDS)),
    st.one_of(
        st.lists(st.sampled_from(TOKENS), min_size=1, max_size=6).map("".join),
        st.text(alphabet=string.digits + "*/-,ajnmo \n_", max_size=8),
        st.text(max_size=6),
        st.integers(-5, 70),
        st.booleans(),
        st.lists(st.integers(-1, 61), min_size=1, max_size=4),
        st.sets(st.integers(0, 61), min_size=1, max_size=4),
        st.none(),
        st.floats(),
    ),
)
def test_fields_expand_as_celery_expands_them(field: str, value: Any) -> None:
    assert our_expand(field, value) == real_expand(field, value)


def test_what_celery_accepts_but_never_runs_is_an_error_here() -> None:
    for value in ([], [0.5]):
        assert real_expand("minute", value) is not None
        with pytest.raises(CrontabError):
            expand("minute", value)


def test_month_names_came_with_5_5() -> None:
    assert expand("month_of_year", "jan") == {1}
    with pytest.raises(CrontabError):
        expand("month_of_year", "jan", month_names=False)
    assert expand("day_of_week", "mon", month_names=False) == {1}
    assert expand("day_of_week", "may") == {5}  # The month wins in every field.


def test_messages_help() -> None:
    with pytest.raises(CrontabError, match=r"7 is outside 0-6 for `day_of_week`; Sunday is 0"):
        expand("day_of_week", 7)
    with pytest.raises(CrontabError, match="no argument `day`"):
        parse({"day": 1})
    with pytest.raises(CrontabError, match="outside"):
        expand("minute", 10**6000)


def test_ignored_tails() -> None:
    assert ignored_tails("*/5 2 * * *") == [" 2 * * *"]
    assert ignored_tails("mon#1,tue,1-5-7") == ["#1", "-7"]
    for harmless in ("*/5", "*/5 ", "mon-fri", "thursday", "1,2", "*", 5, [1], None):
        assert ignored_tails(harmless) == []


@examples(300, 20_000)
@hypothesis.given(st.sampled_from(list(FIELDS)), st.lists(st.sampled_from(TOKENS)).map("".join))
def test_removing_the_ignored_tails_changes_nothing(field: str, value: str) -> None:
    shorter = ",".join(
        part.removesuffix((ignored_tails(part) or [""])[0]) for part in value.split(",")
    )
    before = real_expand(field, value)
    if before is not None:
        assert real_expand(field, shorter) == before


def subsets(low: int, high: int) -> Any:
    everything = st.just(frozenset(range(low, high + 1)))
    return st.one_of(everything, st.frozensets(st.integers(low, high), min_size=1, max_size=4))


CRONTABS = st.builds(Crontab, *(subsets(low, high) for low, high in FIELDS.values()))


def days_of(c: Crontab, first: int, last: int) -> list[int]:
    day, end = date(first, 1, 1).toordinal(), date(last, 12, 31).toordinal()
    found = []
    while day <= end:
        d = date.fromordinal(day)
        if (
            d.month in c.month_of_year
            and d.day in c.day_of_month
            and d.isoweekday() % 7 in c.day_of_week
        ):
            found.append(day)
        day += 1
    return found


def meet(a: Crontab, b: Crontab) -> Crontab:
    return Crontab(*(x & y for x, y in zip(a, b, strict=True)))


@examples(60, 5000)
@hypothesis.given(CRONTABS, CRONTABS)
def test_coincide_is_exact(a: Crontab, b: Crontab) -> None:
    both = meet(a, b)
    real = bool(both.minute and both.hour and days_of(both, 2000, 2027))
    assert coincide(a, b) == real


@examples(60, 1000)
@hypothesis.given(CRONTABS)
def test_minimum_gap_is_exact(c: Crontab) -> None:
    hypothesis.assume(len(c.day_of_month) == 31 or c.day_of_month - {29, 30, 31})
    times = sorted(h * 60 + m for h in c.hour for m in c.minute)
    runs = [day * 1440 + time for day in days_of(c, 2001, 2028) for time in times]
    gaps = [later - run for run, later in pairwise(runs)]
    assert minimum_gap(c) == 60 * min(gaps)


def test_gaps_across_years() -> None:
    leap_day = {"minute": 0, "hour": 0, "day_of_month": 29, "month_of_year": 2}
    assert minimum_gap(parse(leap_day)) == (4 * 365 + 1) * 86400
    assert minimum_gap(parse(leap_day | {"day_of_month": 30})) is None
    assert not occurs(parse(leap_day | {"day_of_month": 30}))


@examples(200, 20_000)
@hypothesis.given(
    CRONTABS,
    st.datetimes(datetime(2001, 1, 1), datetime(2060, 1, 1)).map(
        lambda moment: moment.replace(tzinfo=UTC)
    ),
)
def test_next_runs_are_those_of_celery(c: Crontab, after: datetime) -> None:
    hypothesis.assume(len(c.day_of_month) == 31 or c.day_of_month & set(range(1, 29)))
    app = celery.Celery("x", set_as_current=False, fixups=[])
    moment = after
    # Up to 5.6 the answer depends on the day it is asked on.
    real = crontab(*(set(values) for values in c), app=app, nowfun=lambda: moment)
    for run in next_runs(c, after, 3):
        _, delta, _ = real.remaining_delta(moment)
        assert moment + delta == run
        moment = run


def test_next_runs_end_with_the_calendar() -> None:
    assert next_runs(parse({}), datetime(9999, 12, 31, 23, 58), 5) == [
        datetime(9999, 12, 31, 23, 59)
    ]
    assert next_runs(parse({}), datetime(2026, 1, 1), 0) == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "every minute"),
        ({"minute": "*/5"}, "every 5 minutes"),
        ({"minute": 0}, "at minute 0 of every hour"),
        ({"hour": 2}, "every minute of hour 2"),
        ({"minute": 0, "hour": "*/3"}, "at minute 0 of every 3 hours"),
        ({"minute": 30, "hour": 2, "day_of_week": "mon"}, "at 02:30 on Mon"),
        (
            {"minute": 0, "hour": 0, "day_of_month": "1-7,15", "month_of_year": "1,2"},
            "at 00:00 on day 1-7 and 15 of the month in Jan and Feb",
        ),
    ],
)
def test_describe(fields: dict[str, Any], words: str) -> None:
    assert describe(parse(fields)) == words


@examples(100, 5000)
@hypothesis.given(CRONTABS)
def test_everything_can_be_described(c: Crontab) -> None:
    assert "\n" not in describe(c)
    assert (minimum_gap(c) is None) == (not occurs(c))


def test_a_daily_gap() -> None:
    runs = next_runs(parse({"minute": 0, "hour": 4}), datetime(2026, 1, 1), 2)
    assert runs[1] - runs[0] == timedelta(days=1)
