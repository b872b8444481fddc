"""Fixes: edits as data, applied to one file's text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .rule import Edit, Finding, Fix, Rule
from .source import Source


def fix_for(finding: Finding, source: Source, rules: Mapping[str, Rule]) -> Fix | None:
    """The fix of a finding, or None where there is none.

    `source` is the text that the finding was made on."""
    rule = rules[finding.code]
    if rule.fixer is None or rule.applicability is None or finding.fix_data is None:
        return None
    edits = tuple(sorted(rule.fixer(finding, source), key=lambda edit: tuple(edit.span)))
    if not edits:
        return None
    return Fix(rule.fix_title, rule.applicability, edits)


def apply(source: Source, findings: Iterable[Finding], rules: Mapping[str, Rule]) -> str:
    """The text with the fixes of `findings` made, in order of place.

    A fix that touches what an earlier one has changed is left for the next round."""
    edits: list[Edit] = []
    for finding in sorted(findings, key=lambda f: tuple(f.span)):
        fix = fix_for(finding, source, rules)
        if fix is not None and not any(_overlap(a, b) for a in fix.edits for b in edits):
            edits += [edit for edit in fix.edits if edit not in edits]
    text = source.text
    for edit in sorted(edits, key=lambda e: tuple(e.span), reverse=True):
        start = source.offset(edit.span[0], edit.span[1])
        end = source.offset(edit.span[2], edit.span[3])
        text = text[:start] + edit.text + text[end:]
    return text


def _overlap(a: Edit, b: Edit) -> bool:
    """Whether two edits touch the same text; the same insertion twice is made once."""
    if a == b:
        return False
    a_start, a_end = tuple(a.span[:2]), tuple(a.span[2:])
    b_start, b_end = tuple(b.span[:2]), tuple(b.span[2:])
    if a_start == a_end == b_start == b_end:
        return True
    return a_start < b_end and b_start < a_end
