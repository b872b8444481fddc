"""Settings whose values Celery cannot use, or not as they are meant (CEL342, CEL379)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..celery.words import nearest
from ..project.config_objects import is_development
from ..project.configuration import Setting
from ..project.connections import broker_of
from ..project.values import Const, possible
from ..rule import CORRECTNESS, SAFE, Edit, Report, report, rule
from .edits import text_at

if TYPE_CHECKING:
    from ..project import Project
    from ..rule import Finding
    from ..source import Source


@rule(
    Setting,
    "CEL342",
    "celery-invalid-timezone",
    CORRECTNESS,
    says="there is no time zone {zone!r}{hint}: worker and beat fail when they ask for the time",
)
def invalid_timezone(setting: Setting, project: Project) -> Iterator[Report]:
    """A name that is in no time zone database, or in another case."""
    if setting.in_test or setting.name != "timezone":
        return
    for option in possible(setting.value):
        if not isinstance(option, Const) or not isinstance(option.constant, str):
            continue
        zone = option.constant
        better = zone_meant_by(zone)
        if better is None or not setting.may_win:
            continue
        span = option.where.span if option.where.module is setting.module else None
        same_letters = better.lower() == zone.lower()
        yield report(
            setting.where,
            zone=zone,
            hint=f", did you mean `{better}`?" if better else "",
            fix=[zone, better, *span] if span and same_letters else None,
        )
        return


def zone_meant_by(zone: str) -> str | None:
    """None for a time zone that exists, the name that was probably meant, or "" where none is
    near."""
    from ..celery.timezones import TIMEZONES

    # An empty text is no time zone set; what begins so is another view of the same names.
    if not zone or zone in TIMEZONES or zone.startswith(("posix/", "right/")):
        return None
    by_lower = {name.lower(): name for name in TIMEZONES}
    if zone.lower() in by_lower:
        return by_lower[zone.lower()]
    return None if is_on_this_machine(zone) else nearest(zone, TIMEZONES) or ""


def is_on_this_machine(zone: str) -> bool:
    """Whether this machine knows a time zone, which may be newer than our table of them."""
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True


@invalid_timezone.fix(SAFE, "Write it in the case that it has")
def write_in_its_case(finding: Finding, source: Source) -> Iterable[Edit]:
    """Replaces a literal that differs from a time zone's name by its case only."""
    zone, better, *span = finding.fix_data
    text = text_at(source, span)
    if text[1:-1] == zone:
        yield Edit(span, f"{text[0]}{better}{text[-1]}")


@rule(
    Setting,
    "CEL379",
    "celery-eager-in-production",
    CORRECTNESS,
    says="`{key}` True in production: tasks run inside the process that sends them, and no worker "
    "gets any",
)
def eager_in_production(setting: Setting, project: Project) -> Iterator[Report]:
    """`task_always_eager` switched on where nothing says that it is for tests."""
    if setting.in_test or setting.app.in_test or setting.name != "task_always_eager":
        return
    if not setting.certain or is_development(setting.module.path):
        return
    configuration = setting.app.configuration
    if not configuration.closed or says_so(setting) or broker_of(configuration) == "memory":
        return
    if not all(isinstance(o, Const) and o.constant is True for o in setting.value.alternatives()):
        return
    winner = configuration.setting("task_always_eager")
    if winner is None or winner.place != setting.place or is_written_again(setting):
        return
    yield report(setting.where, key=setting.key)


# Words of a comment by somebody who knows what the setting does.
DELIBERATE = ("without", "no worker", "synchron", "immediate", "inline", "eager", "test", "debug")


def says_so(setting: Setting) -> bool:
    """Whether a comment on the line, or just above it, says that tasks run where they are sent."""
    return any(word in comment for comment in comments_near(setting) for word in DELIBERATE)


def comments_near(setting: Setting) -> list[str]:
    """The comments on the line of a setting, and on the two lines above it, in lower case."""
    text = setting.project.text_of(setting.module).decode("utf-8", "replace")
    row = setting.span[0]
    lines = text.splitlines()[max(row - 3, 0) : row]
    return [line.partition("#")[2].lower() for line in lines]


def is_written_again(setting: Setting) -> bool:
    """Whether the project gives the same key a value at another place, tests left out: then a
    deployment probably chooses between them."""
    return any(
        assignment.op in ("=", "del")
        and setting.key in assignment.target[2:4]
        and (module.path, assignment.target[1][0]) != setting.place[:2]
        for module in setting.project.modules
        for assignment in module.facts.assignments
    ) or any(
        other.key == setting.key and other.place != setting.place
        for other in setting.project.all(Setting)
    )
