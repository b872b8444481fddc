"""Comments that silence rules of ours (CEL990-CEL999)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ..rule import SAFE, SUSPICIOUS, Edit, Report, Where, report, rule
from .edits import text_at

if TYPE_CHECKING:
    from ..project import Project
    from ..rule import Finding
    from ..source import Source, Span
    from ..suppress import Directive


class Suppression(NamedTuple):
    """A comment that silences rules of ours by code or name, and `idle`, those of the names in
    it whose rules ran, were decided, and have nothing here to be silenced.

    `module` is the file that it stands in."""

    module: Any
    directive: Directive
    idle: tuple[str, ...]

    @classmethod
    def collect(cls, project: Project) -> list[Suppression]:
        """None before all other rules have spoken (see `run.judge_suppressions`)."""
        return []

    @property
    def span(self) -> Span:
        """The comment's place."""
        return self.directive.span


@rule(
    Suppression,
    "CEL990",
    "celery-unused-noqa",
    SUSPICIOUS,
    says="{codes} reports nothing here: the comment can only hide the next mistake",
)
def unused_noqa(suppression: Suppression, project: Project) -> Iterator[Report]:
    """A comment names a rule that reports nothing where the comment counts."""
    codes = ", ".join(f"`{code}`" for code in dict.fromkeys(suppression.idle))
    where = Where(suppression.module, suppression.span)
    yield report(where, codes=codes, fix=list(suppression.idle))


@unused_noqa.fix(SAFE, "Remove the unused suppression")
def remove_codes(finding: Finding, source: Source) -> Iterable[Edit]:
    """Takes the codes out of the comment, and out of the `enable` that belongs to it."""
    from ..suppress import DISABLE, ENABLE, Suppressions

    directives = Suppressions.of(source).directives
    for directive in directives:
        if directive.span == tuple(finding.span):
            yield _without(source, directive, finding.fix_data)
            if directive.kind == DISABLE:
                end = (ENABLE, directive.last_row, directive.codes)
                for other in directives:
                    if (other.kind, other.row, other.codes) == end:
                        yield _without(source, other, finding.fix_data)


def _without(source: Source, directive: Directive, codes: list[str]) -> Edit:
    """Takes codes out of a comment.  Where none is left, only a reason or another comment stays;
    where nothing is, the comment goes with the space before it, or with its line."""
    import re

    span = directive.span
    if directive.kind.endswith("noqa"):
        parts = r"(#.*?(?i:noqa)\s*:\s*)((?:[A-Z]+[0-9]+[,\s]*)+)(.*)"
    else:
        parts = r"(#[^\[]*\[\s*)([^\]]*)(\].*)"
    found = re.match(parts, text_at(source, span))
    if found is None:
        return Edit(span, text_at(source, span))
    head, listed, tail = found.groups()
    word = r"[A-Z]+[0-9]+" if directive.kind.endswith("noqa") else r"[\w:-]+"
    kept = [code for code in re.findall(word, listed) if code not in codes]
    if kept:
        space = listed[len(listed.rstrip()) :] if tail else ""
        return Edit(span, f"{head}{', '.join(kept)}{space}{tail}")
    reason = tail.lstrip("] \t-:.,;").rstrip()
    if reason:
        return Edit(span, reason if reason.startswith("#") else f"# {reason}")
    row, column, end_row, end_column = span
    before = source.line(row)[: column - 1]
    if not before.strip():
        return Edit((row, 1, row + 1, 1), "")
    return Edit((row, len(before.rstrip()) + 1, end_row, end_column), "")
