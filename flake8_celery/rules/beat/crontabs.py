"""Crontabs: fields that Celery rejects, or reads otherwise than they look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ...celery.crontab import FIELDS, CrontabError, expand, parse
from ...facts import Span
from ...project.schedule import BeatEntry, CrontabCall
from ...project.subject import Subject
from ...project.values import Const, Value
from ...rule import (
    CORRECTNESS,
    SAFE,
    UNSAFE,
    Edit,
    Finding,
    Report,
    Undecided,
    report,
    rule,
)
from ..edits import imported_name, text_at

if TYPE_CHECKING:
    from ...project import Project
    from ...source import Source

CRON_ORDER = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
DAY_FIELDS = ("day_of_week", "day_of_month", "month_of_year")
DAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# `crontab` knows the names of months, and has `from_string`, since this release.
NAMES_OF_MONTHS = (5, 5)
MEANT = {
    "day": "day_of_month` or `day_of_week",
    "days": "day_of_month` or `day_of_week",
    "dom": "day_of_month",
    "dow": "day_of_week",
    "weekday": "day_of_week",
    "month": "month_of_year",
    "months": "month_of_year",
    "minutes": "minute",
    "hours": "hour",
}


def reads_months(project: Project) -> bool:
    """Whether the newest release that the project may run on knows the names of months."""
    high = project.celery[1]
    return high is None or high >= NAMES_OF_MONTHS


def constant(value: Value | None) -> Any:
    """The exact value; raises Undecided when it is not known or not given."""
    if value is None:
        raise Undecided("a field that is not given")
    return value.value


def is_full(field: str, value: Any) -> bool:
    """Whether a field matches always.  Raises Undecided for what Celery rejects."""
    low, high = FIELDS[field]
    try:
        return len(expand(field, value)) == high - low + 1
    except CrontabError as error:
        raise Undecided(str(error)) from error


# CEL500


@rule(
    CrontabCall,
    "CEL500",
    "celery-crontab-every-minute",
    CORRECTNESS,
    says="Without `minute`, this crontab runs at every minute of each hour it matches: "
    "{count} times a day instead of {once}",
)
def crontab_every_minute(call: CrontabCall, project: Project) -> Iterator[Report]:
    if call.in_test or call.open:
        return
    fields = call.fields
    if "minute" in fields and not is_full("minute", constant(fields["minute"])):
        return
    if "hour" in fields:
        hour = constant(fields["hour"])
        if is_full("hour", hour):
            return
        if "minute" in fields and isinstance(hour, str) and "-" in hour:
            # `minute="*", hour="9-17"` says what it means.
            return
        hours = len(expand("hour", hour))
    else:
        if "minute" in fields or not any(
            name in fields and not is_full(name, constant(fields[name])) for name in DAY_FIELDS
        ):
            return
        hours = 24
    if is_meant(call, project):
        return
    once = "once" if hours == 1 or "hour" not in fields else f"{hours} times"
    fix: dict[str, Any] = {"row": call.row, "hour": "hour" in fields}
    if "minute" in fields:
        fix["minute"] = list(call.spans["minute"])
    elif call.positional or not call.call[4]:
        fix = {}
    else:
        fix["before"] = list(call.call[4][0][2])
    yield report(call.where, count=60 * hours, once=once, fix=fix or None)


def is_meant(call: CrontabCall, project: Project) -> bool:
    """Whether an entry's name or a comment nearby says "every minute"."""
    if any(says_every_minute(entry.key or "") for entry in call.entries):
        return True
    lines = project.text_of(call.module).decode("utf-8", "replace").splitlines()
    near = lines[max(call.span[0] - 3, 0) : call.span[2]]
    return any("#" in line and says_every_minute(line.partition("#")[2]) for line in near)


def says_every_minute(text: str) -> bool:
    """Whether a text speaks of every minute: `every-minute`, `each_minute`, "minutely"."""
    words = " ".join(text.lower().replace("_", " ").replace("-", " ").split())
    return any(say in words for say in ("every minute", "each minute", "per minute", "minutely"))


@crontab_every_minute.fix(UNSAFE, "Run at minute 0")
def run_at_minute_zero(finding: Finding, source: Source) -> Iterable[Edit]:
    data = dict(finding.fix_data)
    zero = '"0"' if data["row"] else "0"
    if "minute" in data:
        written = text_at(source, data["minute"])
        name, equals, _ = written.partition("=")
        yield Edit(data["minute"], f"{name}={zero}" if equals else zero)
        return
    hour = "" if data["hour"] else f"hour={zero}, "
    start = data["before"][:2]
    yield Edit((*start, *start), f"minute={zero}, {hour}")


# CEL501


class CronLine(Subject):
    """A text with the five fields of a line of cron, given to `crontab` or as a schedule.

    `fix` is what the fix needs, or None where Celery reads the text in its own way."""

    __slots__ = ("fix", "follows", "test", "text")

    def __init__(self, found: CrontabCall | BeatEntry, span: Span, text: str) -> None:
        super().__init__(found.project, found.module, found.scope, found.block, span)
        self.text = text
        self.test = found.in_test
        self.follows = ""
        self.fix: dict[str, Any] | None = None

    @classmethod
    def collect(cls, project: Project) -> list[CronLine]:
        """Every such text, first those of calls, then those of entries."""
        return [*_lines_of_calls(project), *_lines_of_entries(project)]


def _lines_of_calls(project: Project) -> Iterator[CronLine]:
    for call in project.all(CrontabCall):
        for field, value in call.fields.items():
            if call.row or not isinstance(value, Const) or not is_cron_line(value.constant):
                continue
            line = CronLine(call, call.spans[field], value.constant)
            line.follows = "importing the module raises ValueError"
            try:
                expand(field, line.text)
            except CrontabError:
                alone = len(call.call[3]) + len(call.call[4]) == 1
                if alone and cron_fields(line.text, project):
                    line.fix = {"call": True, "span": list(call.span)}
            else:
                line.follows = "Celery drops all but the first field in silence"
            yield line


def _lines_of_entries(project: Project) -> Iterator[CronLine]:
    for entry in project.all(BeatEntry):
        found = entry.entry.entry("schedule")
        if entry.source == "row" or found is None or not isinstance(found.item, Const):
            continue
        text = found.item.constant
        if not is_cron_line(text):
            continue
        here = entry.holds(found.item)
        line = CronLine(entry, found.item.span if here else entry.span, text)
        line.follows = "beat stops at once with an AttributeError"
        if here and cron_fields(text, project):
            line.fix = {"call": False, "span": list(found.item.span)}
        yield line


@rule(
    CronLine,
    "CEL501",
    "celery-crontab-string",
    CORRECTNESS,
    says="The cron line {text!r} is no schedule: {follows}; `crontab` takes one argument for "
    "each field",
)
def crontab_string(line: CronLine, project: Project) -> Iterator[Report]:
    if line.test:
        return
    fix = line.fix and {**line.fix, "text": line.text, "keywords": not has_lines(project)}
    yield report(line.where, text=line.text, follows=line.follows, fix=fix)


def is_cron_line(value: object) -> bool:
    """Whether a value is a text with the five fields of a line of cron."""
    return isinstance(value, str) and len(value.split()) == 5


def cron_fields(text: str, project: Project) -> dict[str, str] | None:
    """The fields of a cron line, or None where `crontab` rejects them."""
    fields = dict(zip(CRON_ORDER, text.split(), strict=True))
    try:
        parse(fields, month_names=project.celery[0] >= NAMES_OF_MONTHS)
    except CrontabError:
        return None
    return fields


def has_lines(project: Project) -> bool:
    """Whether every release that the project may run on has `crontab.from_string`."""
    return project.celery[0] >= NAMES_OF_MONTHS


def as_call(callee: str, text: str, keywords: bool) -> str:
    """A call of `crontab` that means the same as a cron line."""
    parts = text.split()
    if not keywords:
        return f'{callee}.from_string("{" ".join(parts)}")'
    fields = dict(zip(CRON_ORDER, parts, strict=True))
    given = [f'{name}="{fields[name]}"' for name in FIELDS if fields[name] != "*"]
    if "minute" not in "".join(given):
        given.insert(0, 'minute="*"')
    return f"{callee}({', '.join(given)})"


@crontab_string.fix(SAFE, "Give each field its own argument")
def split_fields(finding: Finding, source: Source) -> Iterable[Edit]:
    data = dict(finding.fix_data)
    if not data["call"]:
        name, edits = imported_name(source, "celery.schedules", "crontab")
        if name is None:
            return
        yield Edit(data["span"], as_call(name, data["text"], data["keywords"]))
        yield from edits
        return
    callee = text_at(source, data["span"]).partition("(")[0]
    yield Edit(data["span"], as_call(callee, data["text"], data["keywords"]))


# CEL503


@rule(
    CrontabCall,
    "CEL503",
    "celery-crontab-field-order",
    CORRECTNESS,
    says="Positional arguments of `crontab` are minute, hour, day of week, day of month, month, "
    "which is not the order of cron: {what}",
)
def crontab_field_order(call: CrontabCall, project: Project) -> Iterator[Report]:
    if call.in_test:
        return
    found = read_as_cron(call, project)
    if found is None:
        return
    what, texts = found
    fix = None
    if texts is not None and not call.call[4] and len(call.call[3]) in (1, call.positional):
        fix = {"span": list(call.span), "fields": texts, "args": []}
        if call.split is None:
            fix["args"] = [list(argument[1]) for argument in call.call[3]]
    yield report(call.where, what=what, fix=fix)


def read_as_cron(call: CrontabCall, project: Project) -> tuple[str, list[Any] | None] | None:
    """Why positional arguments look as if they stood in cron's order, and their values if cron's
    order makes sense of them; None when they look right."""
    if call.row or call.open or not 3 <= call.positional <= 5:
        return None
    names = list(FIELDS)[: call.positional]
    values = [constant(call.fields[name]) for name in names]
    why = _out_of_place(values, reads_months(project), call.split is not None)
    if why is None:
        return None
    try:
        parse(dict(zip(CRON_ORDER, values, strict=False)), month_names=reads_months(project))
    except CrontabError:
        return (why, None) if call.split is not None else None
    return why, values


def _out_of_place(values: list[Any], months: bool, split: bool) -> str | None:
    def fits(field: str, value: Any) -> bool:
        try:
            expand(field, value, month_names=months)
        except CrontabError:
            return False
        return True

    weekday = values[2]
    if not fits("day_of_week", weekday) and fits("day_of_month", weekday):
        return f"{weekday!r} is no day of the week"
    if len(values) > 3 and not fits("day_of_month", values[3]) and fits("month_of_year", values[3]):
        return f"{values[3]!r} is no day of the month"
    if len(values) > 3 and isinstance(values[3], str) and values[3][:1].isalpha():
        return f"{values[3]!r} is read as a day of the month"
    if len(values) > 4:
        month = values[4]
        if not fits("month_of_year", month) and fits("day_of_week", month):
            return f"{month!r} is no month"
        if isinstance(month, str) and month[:3].lower() in DAY_NAMES:
            return f"{month!r} is read as a month"
        if split and any(value != "*" for value in values[2:]):
            return "the fields of a cron line change places"
    return None


@crontab_field_order.fix(UNSAFE, "Name the fields, in the order of cron")
def name_fields(finding: Finding, source: Source) -> Iterable[Edit]:
    data = dict(finding.fix_data)
    callee = text_at(source, data["span"]).partition("(")[0]
    if data["args"]:
        texts = [text_at(source, span) for span in data["args"]]
    else:
        texts = [f'"{value}"' for value in data["fields"]]
    given = dict(zip(CRON_ORDER, texts, strict=False))
    kept = [
        f"{name}={given[name]}"
        for name in FIELDS
        if name in given and (name == "minute" or given[name].strip("\"'") != "*")
    ]
    yield Edit(data["span"], f"{callee}({', '.join(kept)})")


# CEL504


@rule(
    CrontabCall,
    "CEL504",
    "celery-invalid-crontab",
    CORRECTNESS,
    says="`crontab` rejects this, so the module cannot be imported: {why}",
)
def invalid_crontab(call: CrontabCall, project: Project) -> Iterator[Report]:
    if call.in_test:
        return
    says = "django-celery-beat cannot read this row: {why}" if call.row else None
    if not call.row and call.positional > len(FIELDS):
        yield report(call.where, why=f"it takes 5 arguments, not {call.positional}")
        return
    if not call.row:
        for name, (_, span) in call.others.items():
            if name not in ("nowfun", "app"):
                yield report(call.at(name_span(name, span)), why=unknown_field(name))
    try:
        if read_as_cron(call, project) is not None:
            return
    except Undecided:
        pass
    for field, value in call.fields.items():
        problems = [rejection(field, option, project) for option in value.alternatives()]
        if not problems or any(problem is None for problem in problems):
            continue
        why, runs = problems[0] or ("", False)
        fix = repaired(field, value, project)
        span = call.spans[field]
        yield report(
            call.at(span),
            why=why,
            says="`crontab` accepts this, but beat fails on it: {why}" if runs else says,
            fix=fix and {"span": list(span), "value": fix},
        )


def rejection(field: str, value: Value, project: Project) -> tuple[str, bool] | None:
    """Why Celery rejects a value of a field, and whether it does so only when beat asks for the
    next run; None when it does not, or when the value is not known."""
    if not value.known:
        return None
    given = value.value
    if isinstance(given, (bytes, dict)) or is_cron_line(given):
        return None
    try:
        expand(field, given, month_names=reads_months(project))
    except CrontabError as error:
        late = (
            isinstance(given, Iterable)
            and not isinstance(given, str)
            and all(isinstance(item, (int, float)) and _inside(field, item) for item in given)
        )
        if late and given and field == "day_of_week":
            # Taken as it is: a fraction of a weekday is only nonsense.
            return None
        checked = ("month_of_year",) if given else ("day_of_month", "month_of_year")
        return str(error), late and field not in checked
    return None


def _inside(field: str, number: float) -> bool:
    low, high = FIELDS[field]
    return low <= number <= high


def unknown_field(name: str) -> str:
    """What is wrong with a keyword that `crontab` does not have."""
    if name in ("tz", "timezone"):
        return f"there is no argument `{name}`; the setting `timezone` decides"
    if name in ("second", "seconds"):
        return f"there is no argument `{name}`; a crontab is no finer than a minute"
    meant = f"; did you mean `{MEANT[name]}`?" if name in MEANT else ""
    return f"there is no argument `{name}`{meant}"


def name_span(name: str, span: Span) -> Span:
    """Where a keyword's name stands."""
    return (span[0], span[1], span[0], span[1] + len(name))


def repaired(field: str, value: Value, project: Project) -> str | None:
    """The same field as Celery understands it, as source text: 7 for Sunday as 0, no spaces
    between the parts; None where that does not help."""
    if not isinstance(value, Const):
        return None
    given = value.constant
    if field == "day_of_week" and given == 7 and not isinstance(given, bool):
        return "0"
    if not isinstance(given, str):
        return None
    parts = [part.strip() for part in given.split(",")]
    if field == "day_of_week":
        parts = [_sunday(part) for part in parts]
    text = ",".join(parts)
    if text == given or any(character in text for character in "'\"\\\n"):
        return None
    try:
        expand(field, text, month_names=reads_months(project))
    except CrontabError:
        return None
    return f'"{text}"'


def _sunday(part: str) -> str:
    if part == "7":
        return "0"
    first, dash, last = part.partition("-")
    if dash and last == "7" and first in ("1", "2", "3", "4", "5", "6"):
        return f"{first}-0"
    return part


@invalid_crontab.fix(SAFE, "Write the field as Celery reads it")
def write_field(finding: Finding, source: Source) -> Iterable[Edit]:
    data = dict(finding.fix_data)
    written = text_at(source, data["span"])
    if written[:1] in "\"'" or written.isdigit():
        quote = written[:1] if written[:1] in "\"'" else '"'
        yield Edit(data["span"], data["value"].replace('"', quote))
