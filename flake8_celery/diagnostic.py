"""What is shown: findings and problems of files, in one shape for every output format."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from .fix import fix_for
from .rule import NOT_FIXABLE, SAFE, UNSAFE, Finding, Fix, Rule
from .run import Analysis
from .source import Source, SourceError, Span

if TYPE_CHECKING:
    from .suppress import Suppressions

REPOSITORY = "https://github.com/flake8-celery/flake8-celery"


class RelatedPlace(NamedTuple):
    """Evidence in this or another file."""

    path: str
    span: Span
    message: str


class Diagnostic(NamedTuple):
    """One line of output.

    `path` is absolute.  `name` is the rule's name, or that of the problem ("invalid-syntax",
    "io-error"); `suppressible` says whether a comment can silence it.  `fixing` is the fix or
    what makes it, since that takes a parse; `applicability` is known before.  `hint` is the title
    of a fix that the configuration does not let be made."""

    path: str
    span: Span
    code: str
    name: str
    message: str
    suppressible: bool
    url: str | None
    related: tuple[RelatedPlace, ...]
    fixing: Fix | Callable[[], Fix | None] | None
    hint: str | None = None
    applicability: str | None = None

    @property
    def fix(self) -> Fix | None:
        """Its fix, or None where there is none."""
        return self.fixing() if callable(self.fixing) else self.fixing

    @property
    def help(self) -> str | None:
        """What the fix does, also where the configuration does not let it be made."""
        fix = self.fix
        return fix.title if fix is not None else self.hint

    def is_fixable(self, unsafe: bool) -> bool:
        """Whether `--fix` (with `--unsafe-fixes`, if `unsafe`) would make its fix."""
        if not unsafe and self.applicability == UNSAFE:
            return False
        fix = self.fix
        return fix is not None and (unsafe or fix.applicability == SAFE)

    def order(self) -> tuple[str, int, int, str, str]:
        """Sorts by path, place and code."""
        return (self.path, self.span[0], self.span[1], self.code, self.message)


class Texts:
    """The texts of files, each read and decoded once; a file that cannot be is empty."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._sources: dict[str, Source] = {}
        self._suppressions: dict[str, Suppressions] = {}

    def source(self, path: str) -> Source:
        """The text of the file at an absolute path."""
        if path not in self._sources:
            try:
                self._sources[path] = Source.decode(self._read(path), path)
            except (OSError, SourceError):
                self._sources[path] = Source.from_text("", path)
        return self._sources[path]

    def replace(self, texts: Mapping[str, str]) -> None:
        """Puts new texts in the place of what the files hold."""
        for path, text in texts.items():
            self._sources[path] = Source.from_text(text, path)
            self._suppressions.pop(path, None)

    def noqa_row(self, path: str, row: int) -> int:
        """The row on which a suppression of a finding on `row` counts."""
        if path not in self._suppressions:
            from .suppress import Suppressions

            # What its comments silence is known already: only its strings and backslashes count.
            self._suppressions[path] = Suppressions(self.source(path))
        return self._suppressions[path].noqa_row(row)


def diagnostics(analysis: Analysis, rules: Mapping[str, Rule], texts: Texts) -> list[Diagnostic]:
    """Everything to show of one analysis, sorted."""

    def absolute(path: str) -> str:
        return os.path.normpath(os.path.join(analysis.root, path))

    shown = [_of_finding(finding, rules, texts, absolute) for finding in analysis.findings]
    for problem in analysis.problems:
        unread = problem.code == "E902"
        end = problem.column + (not unread)
        span = (problem.row, problem.column, problem.row, end)
        name = "io-error" if unread else problem.code
        path = absolute(problem.path)
        shown.append(
            Diagnostic(path, span, problem.code, name, problem.message, False, None, (), None)
        )
    return sorted(shown, key=Diagnostic.order)


def _of_finding(
    finding: Finding,
    rules: Mapping[str, Rule],
    texts: Texts,
    absolute: Callable[[str], str],
) -> Diagnostic:
    path = absolute(finding.path)
    related = tuple(
        RelatedPlace(absolute(place), (span[0], span[1], span[2], span[3]), message)
        for place, span, message in finding.related
    )
    fixable = finding.fix_data is not None and finding.applicability != NOT_FIXABLE
    fixing = cache(lambda: fix_for(finding, texts.source(path), rules)) if fixable else None
    title = rules[finding.code].fix_title if finding.applicability == NOT_FIXABLE else None
    return Diagnostic(
        path,
        finding.span,
        finding.code,
        finding.name,
        finding.message,
        True,
        f"{REPOSITORY}/blob/main/rule_docs/{finding.code}.md",
        related,
        fixing,
        title,
        finding.applicability or rules[finding.code].applicability,
    )


def shown_path(path: str) -> str:
    """A path as the text formats print it: relative to the working directory if it is below."""
    folder = os.getcwd()
    if path.startswith(folder.rstrip(os.sep) + os.sep):
        return path[len(folder.rstrip(os.sep)) + 1 :]
    return path
