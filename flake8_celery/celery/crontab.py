"""The crontab of Celery: its grammar, when it runs, and when two of them run together.

The grammar is that of `celery/schedules.py` (`crontab`, `crontab_parser`), oddities included. It
is not that of cron: all five fields must match, a weekday has no 7, and text after a complete
step or range is dropped in silence.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import NamedTuple

#: Field -> its smallest and largest value, in the order of the positional arguments of `crontab`,
#: which is not the order of cron.
FIELDS: dict[str, tuple[int, int]] = {
    "minute": (0, 59),
    "hour": (0, 23),
    "day_of_week": (0, 6),
    "day_of_month": (1, 31),
    "month_of_year": (1, 12),
}

_DAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTH_NAMES = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_MINUTES_A_DAY = 24 * 60
#: The Gregorian calendar repeats itself after this many years.
_CALENDAR_CYCLE = 400
#: Two neighbouring years of every kind occur within this many years that hold no century.
_WEEKDAY_CYCLE = 28


class CrontabError(ValueError):
    """A value that `crontab` rejects. `str()` says why, `field` which field it was."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Crontab(NamedTuple):
    """The values at which each field matches; a run needs all five."""

    minute: frozenset[int]
    hour: frozenset[int]
    day_of_week: frozenset[int]
    day_of_month: frozenset[int]
    month_of_year: frozenset[int]


def parse(fields: Mapping[str, object], *, month_names: bool = True) -> Crontab:
    """The crontab of these keyword arguments; a field that is left out matches always.

    `nowfun` and `app` are accepted and have no influence. Raises CrontabError for what `crontab`
    rejects, except days that no month has: see `occurs`.
    """
    for name in fields:
        if name not in FIELDS and name not in ("nowfun", "app"):
            raise CrontabError(name, f"`crontab` has no argument `{name}`")
    return Crontab(
        *(expand(field, fields.get(field, "*"), month_names=month_names) for field in FIELDS)
    )


def expand(field: str, value: object, *, month_names: bool = True) -> frozenset[int]:
    """The values that one field's argument stands for.

    `month_names=False` is the grammar before Celery 5.5, which knew only the names of weekdays.
    Raises CrontabError for what Celery rejects, and for two things that it accepts but that never
    run: an empty collection and a fraction.
    """
    low, high = FIELDS[field]
    if isinstance(value, int):
        found = {int(value)}
    elif isinstance(value, str):
        found = set()
        for part in value.split(","):
            found.update(_Part(field, part, month_names).values())
    elif isinstance(value, Iterable):
        found = {_whole(field, item) for item in value}
        if not found:
            raise CrontabError(field, f"`{field}` is empty, so it never matches")
    else:
        kind = type(value).__name__
        raise CrontabError(field, f"`{field}` must be text, a number or a list, not {kind}")
    for number in sorted(found):
        if not low <= number <= high:
            raise CrontabError(field, _out_of_range(field, number))
    return frozenset(found)


def _whole(field: str, item: object) -> int:
    if isinstance(item, int | float) and item == item // 1:
        return int(item)
    raise CrontabError(field, f"`{field}` must list whole numbers, not {item!r}")


def _out_of_range(field: str, number: int) -> str:
    low, high = FIELDS[field]
    hint = "; Sunday is 0" if field == "day_of_week" and number == 7 else ""
    shown = number if abs(number) < 10**9 else "The number"  # Python may refuse to print more.
    return f"{shown} is outside {low}-{high} for `{field}`{hint}"


def _word_end(text: str, start: int) -> int:
    """Where the run of letters, digits and underscores that begins at `start` ends."""
    while start < len(text) and (text[start].isalnum() or text[start] == "_"):
        start += 1
    return start


class _Part:
    """One part of a field between commas, split the way Celery's regular expressions split it.

    Celery matches them at the beginning only, hence `end`: what follows is ignored.
    """

    __slots__ = ("end", "field", "first", "last", "month_names", "step", "text")

    def __init__(self, field: str, text: str, month_names: bool = True) -> None:
        self.field = field
        self.text = text
        self.month_names = month_names
        self.first = text
        self.last: str | None = None
        self.step: str | None = None
        self.end = len(text)
        if text.startswith("*/"):
            self.first = "*"
            self._take_step(1)
        elif text in ("*", "*\n"):
            self.first = "*"
        else:
            word = _word_end(text, 0)
            end = _word_end(text, word + 1)
            if word and text.startswith("-", word) and end > word + 1:
                self.first, self.last = text[:word], text[word + 1 : end]
                self.end = end
                if text.startswith("/", end):
                    self._take_step(end)

    def _take_step(self, slash: int) -> None:
        self.end = _word_end(self.text, slash + 1)
        self.step = self.text[slash + 1 : self.end]

    def values(self) -> Iterable[int]:
        low, high = FIELDS[self.field]
        if not self.text:
            raise CrontabError(self.field, f"`{self.field}` has an empty part")
        step = self._step()
        if self.first == "*":
            return range(low, high + 1, step)
        first = self._number(self.first)
        if self.last is None:
            return (first,)
        last = self._number(self.last)
        if last < first:
            return [*range(first, high + 1), *range(low, last + 1)][::step]
        return range(first, last + 1, step)

    def _step(self) -> int:
        if self.step is None:
            return 1
        try:
            step = int(self.step)
        except ValueError:
            step = 0
        if step < 1:
            message = f"`{self.field}` has the step {self.step!r}, not a number above 0"
            raise CrontabError(self.field, message)
        return step

    def _number(self, text: str) -> int:
        low, high = FIELDS[self.field]
        if text.startswith("-"):
            raise CrontabError(self.field, f"`{self.field}` has a negative number in {text!r}")
        try:
            number = int(text)
        except ValueError:
            named = self._named(text)
            if named is None:
                message = f"{text!r} is not something that `{self.field}` can be"
                raise CrontabError(self.field, message) from None
            number = named
        if not low <= number <= high:
            raise CrontabError(self.field, _out_of_range(self.field, number))
        return number

    def _named(self, text: str) -> int | None:
        """Month names win in every field, and only three letters of a name count."""
        name = text[:3].lower()
        if self.month_names and name in _MONTH_NAMES:
            return _MONTH_NAMES.index(name) + 1
        return _DAY_NAMES.index(name) if name in _DAY_NAMES else None


def ignored_tails(value: object) -> list[str]:
    """The texts in a field's argument that Celery drops in silence, such as ` 2 * * *`.

    They follow a complete step or range (`*/5 2 * * *`), or a name (`mon#1`). White space alone
    is not reported. Says nothing of values that are rejected anyway.
    """
    tails = []
    for text in value.split(",") if isinstance(value, str) else ():
        part = _Part("minute", text)
        end = part.end
        if part.last is None and part.step is None and text[:1].isalpha():
            end = _word_end(text, 0)
        if text[end:].strip():
            tails.append(text[end:])
    return tails


def occurs(c: Crontab) -> bool:
    """Whether it ever runs. Every date that exists falls on every weekday in time."""
    return bool(c.minute and c.hour and c.day_of_week) and any(
        day <= _LONGEST_MONTH[month - 1] for month in c.month_of_year for day in c.day_of_month
    )


def coincide(a: Crontab, b: Crontab) -> bool:
    """Whether some minute of the calendar belongs to both: exact, time zones aside."""
    return occurs(Crontab(*(left & right for left, right in zip(a, b, strict=True))))


def minimum_gap(c: Crontab) -> int | None:
    """The seconds between the two consecutive runs that are closest, None when it never runs.

    Exact in a zone without clock changes.
    """
    if not occurs(c):
        return None
    times = sorted(hour * 60 + minute for hour in c.hour for minute in c.minute)
    over_night = _shortest_day_gap(c) * _MINUTES_A_DAY + times[0] - times[-1]
    return 60 * min([over_night, *(later - earlier for earlier, later in pairwise(times))])


def _shortest_day_gap(c: Crontab) -> int:
    """The least number of days between two days on which it runs."""
    if len(c.day_of_month) == 31 and len(c.month_of_year) == 12:
        weekdays = sorted(c.day_of_week)
        return min(later - day for day, later in pairwise([*weekdays, weekdays[0] + 7]))
    # With few days a year the gaps may be years long and cross a century without a leap day.
    few = len(c.day_of_month) * len(c.month_of_year) <= 31
    years = _CALENDAR_CYCLE if few else _WEEKDAY_CYCLE
    shortest = years * 366
    previous = None
    for day in _days(c, 2001, 2001 + years):
        ordinal = day.toordinal()
        if previous is not None:
            shortest = min(shortest, ordinal - previous)
            if shortest == 1:
                break
        previous = ordinal
    return shortest


def _days(c: Crontab, first_year: int, end_year: int) -> Iterator[date]:
    """The days on which it runs, in order, from one year up to but without another."""
    months = sorted(c.month_of_year)
    days = sorted(c.day_of_month)
    for year in range(first_year, end_year):
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        for month in months:
            length = 28 if month == 2 and not leap else _LONGEST_MONTH[month - 1]
            for number in days:
                if number > length:
                    break
                day = date(year, month, number)
                if day.isoweekday() % 7 in c.day_of_week:
                    yield day


def next_runs(c: Crontab, after: datetime, count: int) -> list[datetime]:
    """The first `count` runs later than `after`, in its own time zone.

    For naive times and zones without clock changes, such as UTC. Shorter when the calendar ends.
    """
    runs: list[datetime] = []
    if count < 1 or not occurs(c):
        return runs
    hours, minutes = sorted(c.hour), sorted(c.minute)
    for day in _days(c, after.year, min(after.year + _CALENDAR_CYCLE, 9999) + 1):
        if day < after.date():
            continue
        for hour in hours:
            for minute in minutes:
                run = datetime(day.year, day.month, day.day, hour, minute, tzinfo=after.tzinfo)
                if run > after:
                    runs.append(run)
                    if len(runs) == count:
                        return runs
    return runs


def next_runs_in(c: Crontab, after: datetime, count: int) -> list[datetime]:
    """The first `count` runs later than `after`, which is aware of its zone, as beat finds them.

    Beat looks for the next time on the clock on the wall, takes the first of two that are the
    same, and lets one that is skipped happen as much later as the clock is put forward (since
    Celery 5.4; 5.3 runs it as soon as the skipped hour is over). So an hourly entry waits for two
    hours when the clock is put back.
    """
    runs: list[datetime] = []
    while len(runs) < count:
        found = next_runs(c, after.replace(tzinfo=None), 1)
        if not found:
            break
        run = found[0].replace(tzinfo=after.tzinfo)
        if run.astimezone(UTC) <= after.astimezone(UTC):
            # Asked during the second of two equal hours.
            run = run.replace(fold=1)
        after = run.astimezone(UTC).astimezone(after.tzinfo)
        runs.append(after)
    return runs


def describe(c: Crontab) -> str:
    """A short phrase for people: `every 5 minutes`, `at 02:30 on Mon`, `at minute 0`."""
    full = [len(c[i]) == high - low + 1 for i, (low, high) in enumerate(FIELDS.values())]
    phrases = [_describe_time(c, all_minutes=full[0], all_hours=full[1])]
    if not full[2]:
        phrases.append("on " + _listed(_DAY_NAMES[n].title() for n in sorted(c.day_of_week)))
    if not full[3]:
        phrases.append("on day " + _listed(_ranges(c.day_of_month)) + " of the month")
    if not full[4]:
        phrases.append(
            "in " + _listed(_MONTH_NAMES[n - 1].title() for n in sorted(c.month_of_year))
        )
    return " ".join(phrases)


def _describe_time(c: Crontab, *, all_minutes: bool, all_hours: bool) -> str:
    minutes, hours = sorted(c.minute), sorted(c.hour)
    if not all_hours and len(hours) * len(minutes) <= 4:
        return "at " + _listed(f"{hour:02}:{minute:02}" for hour in hours for minute in minutes)
    step = _even_step(minutes, 60)
    if all_minutes:
        time = "every minute"
    elif step is not None and minutes[0] == 0:
        time = f"every {step} minutes"
    else:
        time = "at minute " + _listed(_ranges(c.minute))
    if all_hours:
        return time if all_minutes or len(minutes) > 1 else f"{time} of every hour"
    hour_step = _even_step(hours, 24)
    if hour_step is not None and hours[0] == 0:
        return f"{time} of every {hour_step} hours"
    return f"{time} of hour " + _listed(_ranges(c.hour))


def _even_step(numbers: list[int], size: int) -> int | None:
    """The distance between all neighbours, the last and the first included, when it is one."""
    gaps = {later - number for number, later in pairwise([*numbers, numbers[0] + size])}
    return gaps.pop() if len(gaps) == 1 and len(numbers) > 1 else None


def _ranges(numbers: Iterable[int]) -> list[str]:
    """`1, 2, 3, 7` as `1-3, 7`."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return [str(low) if low == high else f"{low}-{high}" for low, high in spans]


def _listed(items: Iterable[str]) -> str:
    *head, last = items
    return ", ".join(head) + " and " + last if head else last
