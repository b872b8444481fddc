"""The worker's settings (CEL440-CEL459)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..project.configuration import Setting
from ..project.connections import broker_of
from ..project.values import surely
from ..rule import CORRECTNESS, UNSAFE, Edit, Report, Undecided, report, rule

if TYPE_CHECKING:
    from ..project import Project
    from ..rule import Finding
    from ..source import Source


@rule(
    Setting,
    "CEL440",
    "celery-prefetch-unlimited",
    CORRECTNESS,
    says="`{key}` 0 means no limit: the first worker reserves the whole queue; 1 reserves least",
)
def prefetch_unlimited(setting: Setting, project: Project) -> Iterator[Report]:
    """`worker_prefetch_multiplier = 0`, which is often meant to switch prefetching off."""
    if setting.in_test or setting.name != "worker_prefetch_multiplier" or not setting.may_win:
        return
    value = setting.value
    if not surely(value, lambda number: number == 0 and not isinstance(number, str)):
        return
    if says_unlimited(setting) or broker_is_sqs(setting):
        return
    literal = value.where.module is setting.module
    yield report(setting.where, key=setting.key, fix=list(value.where.span) if literal else None)


def says_unlimited(setting: Setting) -> bool:
    """Whether a comment on the line, or above it, says that no limit is meant."""
    lines = project_lines(setting)
    row = setting.span[0] - 1
    near = lines[max(row - 2, 0) : row + 1]
    return any("unlimited" in line.lower() or "no limit" in line.lower() for line in near)


def project_lines(setting: Setting) -> list[str]:
    """The lines of the file that a setting stands in."""
    return setting.project.text_of(setting.module).decode("utf-8", "replace").splitlines()


def broker_is_sqs(setting: Setting) -> bool:
    """Whether the broker is SQS, which hands out ten messages at a time whatever is asked."""
    try:
        return broker_of(setting.app.configuration) == "sqs"
    except Undecided:
        return False


@prefetch_unlimited.fix(UNSAFE, "Write 1")
def write_one(finding: Finding, source: Source) -> Iterable[Edit]:
    """Replaces a literal 0 by 1."""
    span = finding.fix_data
    text = source.text[source.offset(span[0], span[1]) : source.offset(span[2], span[3])]
    if text == "0":
        yield Edit(span, "1")
