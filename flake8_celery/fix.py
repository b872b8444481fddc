"""Fixes: edits as data, applied to texts, in passes until nothing is left to fix.

A pass makes every fix that does not touch the text of another; the project is then analysed
again with the new texts in place of the files.  Files are written only at the very end.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from .files import Overlay, read
from .rule import SAFE, UNSAFE, Edit, Finding, Fix, Rule
from .run import Analysis
from .source import Source, SourceError

MOST_PASSES = 20


def fix_for(finding: Finding, source: Source, rules: Mapping[str, Rule]) -> Fix | None:
    """The fix of a finding, or None where there is none.

    `source` is the text that the finding was made on."""
    rule = rules[finding.code]
    if rule.fixer is None or rule.applicability is None or finding.fix_data is None:
        return None
    try:
        edits = tuple(sorted(rule.fixer(finding, source), key=lambda edit: tuple(edit.span)))
    except Exception:
        # A finding is worth more than its fix.
        if os.environ.get("FLAKE8_CELERY_RAISE"):
            raise
        return None
    if not edits:
        return None
    return Fix(rule.fix_title, finding.applicability or rule.applicability, edits)


def apply(source: Source, findings: Iterable[Finding], rules: Mapping[str, Rule]) -> str:
    """The text with the fixes of `findings` made, in order of place.

    A fix that touches what an earlier one has changed is left for the next pass."""
    return _apply(source, findings, rules)[0]


def _apply(
    source: Source, findings: Iterable[Finding], rules: Mapping[str, Rule]
) -> tuple[str, list[Finding]]:
    edits: list[Edit] = []
    made: list[Finding] = []
    for finding in sorted(findings, key=lambda f: f.span):
        fix = fix_for(finding, source, rules)
        if fix is not None and not any(_overlap(a, b) for a in fix.edits for b in edits):
            edits += [edit for edit in fix.edits if edit not in edits]
            made.append(finding)
    text = source.text
    line_end = "\r\n" if "\r\n" in text else "\n"
    for edit in sorted(edits, key=lambda e: tuple(e.span), reverse=True):
        start = source.offset(edit.span[0], edit.span[1])
        end = source.offset(edit.span[2], edit.span[3])
        text = text[:start] + edit.text.replace("\r\n", "\n").replace("\n", line_end) + text[end:]
    return text, made


def _overlap(a: Edit, b: Edit) -> bool:
    """Whether two edits touch the same text; the same insertion twice is made once."""
    if a == b:
        return False
    a_start, a_end = tuple(a.span[:2]), tuple(a.span[2:])
    b_start, b_end = tuple(b.span[:2]), tuple(b.span[2:])
    if a_start == a_end == b_start == b_end:
        return True
    return a_start < b_end and b_start < a_end


class Fixed(NamedTuple):
    """What fixing has come to: the last analysis, the texts before and after by absolute path,
    how often each (code, name) was fixed in each file, and warnings."""

    analysis: Analysis
    before: dict[str, Source]
    after: dict[str, str]
    counts: dict[str, Counter[tuple[str, str]]]
    warnings: list[str]


def fix_all(
    analyse: Callable[[Overlay], Analysis],
    overlay: Overlay | None,
    rules: Mapping[str, Rule],
    unsafe: bool,
) -> Fixed:
    """Analyses and fixes until nothing more can be fixed.  Writes nothing to the disk.

    `analyse` judges the project with the texts of an overlay in place of the files; `unsafe`
    says whether unsafe fixes are made, too."""
    texts = overlay or Overlay()
    before: dict[str, Source] = {}
    after: dict[str, str] = {}
    counts: dict[str, Counter[tuple[str, str]]] = {}
    warnings: list[str] = []
    given_up: set[str] = set()
    analysis = analyse(texts)
    for _ in range(MOST_PASSES):
        changed = False
        for path, findings in _by_path(analysis, rules, unsafe).items():
            if path in given_up:
                continue
            try:
                current = after.get(path)
                source = (
                    Source.decode(read(path, texts), path)
                    if current is None
                    else Source.from_text(current, path)
                )
            except (OSError, SourceError):
                continue
            text, made = _apply(source, findings, rules)
            if not made or text == source.text:
                continue
            try:
                Source.from_text(text, path).parse()
            except SourceError:
                codes = ", ".join(sorted({finding.code for finding in made}))
                warnings.append(f"the fixes of {codes} would break {path}: not made")
                given_up.add(path)
                continue
            before.setdefault(path, source)
            after[path] = text
            texts.put(path, text)
            counts.setdefault(path, Counter()).update((f.code, f.name) for f in made)
            changed = True
        if not changed:
            break
        analysis = analyse(texts)
    return Fixed(analysis, before, after, counts, warnings)


def _by_path(
    analysis: Analysis, rules: Mapping[str, Rule], unsafe: bool
) -> dict[str, list[Finding]]:
    """The findings that may be fixed, by absolute path."""
    found: dict[str, list[Finding]] = {}
    for finding in analysis.findings:
        applicability = finding.applicability or rules[finding.code].applicability
        may_be_made = applicability == SAFE or (unsafe and applicability == UNSAFE)
        if finding.fix_data is not None and may_be_made:
            path = os.path.normpath(os.path.join(analysis.root, finding.path))
            found.setdefault(path, []).append(finding)
    return found


def write(path: str, text: str, encoding: str) -> None:
    """Replaces a file at once, so that an interrupted run leaves the old one or the new one.

    Keeps the file's mode, and follows a link to the file.  Raises OSError."""
    path = os.path.realpath(path)
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as stream:
            stream.write(text.encode(encoding))
        os.chmod(temporary, os.stat(path).st_mode & 0o7777)
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
