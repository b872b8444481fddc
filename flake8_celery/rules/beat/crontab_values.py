"""Crontabs that Celery accepts, and that do not run when they seem to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...celery.crontab import (
    FIELDS,
    Crontab,
    CrontabError,
    expand,
    ignored_tails,
    minimum_gap,
    occurs,
    parse,
)
from ...project.schedule import CrontabCall
from ...project.values import Const
from ...rule import CORRECTNESS, SUSPICIOUS, Report, Undecided, report, rule
from .crontabs import is_cron_line, read_as_cron, reads_months
from .entries import every

if TYPE_CHECKING:
    from ...project import Project

HOUR = 3600
STEPPED = {"minute": 60, "hour": HOUR}
WHOLE = {"minute": "hour", "hour": "day"}


# CEL502


@rule(
    CrontabCall,
    "CEL502",
    "celery-crontab-ignored-text",
    CORRECTNESS,
    says="Celery reads {read!r} of `{field}` and drops {tail!r} in silence",
)
def crontab_ignored_text(call: CrontabCall, project: Project) -> Iterator[Report]:
    """`crontab_parser` matches its patterns at the beginning only, and of a name its first three
    letters (`celery/schedules.py`)."""
    if call.in_test:
        return
    for field, value in call.fields.items():
        if not isinstance(value, Const) or not isinstance(value.constant, str):
            continue
        text = value.constant
        tails = ignored_tails(text)
        if not tails or is_cron_line(text):
            continue
        try:
            expand(field, text, month_names=reads_months(project))
        except CrontabError:
            continue
        part = next(part for part in text.split(",") if part.endswith(tails[0]))
        read = part.removesuffix(tails[0])
        yield report(call.at(call.spans[field]), field=field, read=read, tail=tails[0])


# CEL505


@rule(
    CrontabCall,
    "CEL505",
    "celery-impossible-crontab-date",
    CORRECTNESS,
    says="This crontab never runs: {dates}; {follows}",
)
def impossible_crontab_date(call: CrontabCall, project: Project) -> Iterator[Report]:
    """Since Celery 5.7 the constructor refuses such a date; before, beat looked for the next run
    until it gave up (`celery/schedules.py`: `crontab._delta_to_next`)."""
    if call.in_test or call.open or "day_of_month" not in call.fields:
        return
    crontab = crontab_of_call(call, project)
    if occurs(crontab):
        return
    months = _listed(crontab.month_of_year)
    days = _listed(crontab.day_of_month)
    high = project.celery[1]
    if call.row:
        follows = "beat fails on this row"
    elif high is not None and high < (5, 7):
        follows = "beat fails with a RuntimeError when it looks for the next run"
    else:
        follows = "since Celery 5.7 the call raises ValueError, before that beat fails"
    yield report(
        call.at(call.spans["day_of_month"]),
        dates=f"month {months} has no day {days}",
        follows=follows,
    )


def crontab_of_call(call: CrontabCall, project: Project) -> Crontab:
    """What a call stands for.  Raises Undecided when that is not known, or when Celery rejects
    it."""
    if call.open or read_as_cron(call, project) is not None:
        raise Undecided(f"the crontab at {call.where.shown}")
    fields = {name: value.value for name, value in call.fields.items()}
    try:
        return parse(fields, month_names=reads_months(project))
    except CrontabError as error:
        raise Undecided(str(error)) from error


def _listed(numbers: frozenset[int]) -> str:
    return ", ".join(str(number) for number in sorted(numbers))


# CEL507


@rule(
    CrontabCall,
    "CEL507",
    "celery-uneven-crontab-step",
    SUSPICIOUS,
    says="`{text}` starts anew at 0 in every {whole}: not {wanted}, two runs are only {gap} apart",
)
def uneven_crontab_step(call: CrontabCall, project: Project) -> Iterator[Report]:
    """A step counts from the field's smallest value (`crontab_parser`, `celery/schedules.py`)."""
    if call.in_test:
        return
    for field in STEPPED:
        value = call.fields.get(field)
        if not isinstance(value, Const):
            continue
        step = step_of(value.constant)
        size = FIELDS[field][1] + 1
        if step is None or step < 1 or (size % step == 0):
            continue
        crontab = crontab_of_call(call, project)
        wanted = step * STEPPED[field]
        if field == "hour":
            crontab = crontab._replace(minute=frozenset({0}))
        gap = minimum_gap(crontab)
        if gap is None or gap >= wanted:
            continue
        says = None
        if step > size:
            says = "`{text}` matches 0 alone: every {whole}, not {wanted}"
        yield report(
            call.at(call.spans[field]),
            says=says,
            text=value.constant,
            whole=WHOLE[field],
            wanted=every(wanted),
            gap=_apart(gap),
        )


def step_of(text: object) -> int | None:
    """The number of a `*/number`; None for anything else."""
    if not isinstance(text, str) or not text.startswith("*/"):
        return None
    number = text[2:]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 6 else None


def _apart(seconds: int) -> str:
    """A number of whole minutes or hours in words."""
    count, unit = (seconds // HOUR, "hour") if seconds % HOUR == 0 else (seconds // 60, "minute")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
