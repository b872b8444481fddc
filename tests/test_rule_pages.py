"""Every rule has a page; its examples and its edge cases do what they say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from flake8_celery.fix import apply
from flake8_celery.rule import ON_BY_DEFAULT, STABLE, Finding, Rule, load_rules
from flake8_celery.source import Source

from .pages import (
    ROOT,
    Case,
    cases,
    example,
    expected,
    findings,
    places,
    sections,
    without_markers,
)

RULES = load_rules()
PAGES = ROOT / "rule_docs"
CASES = ROOT / "tests" / "rules"
SECTIONS = [
    "What it does",
    "Why is this bad?",
    "Example",
    "Fix safety",
    "Known problems",
    "Options",
    "References",
]


def page(rule: Rule) -> str:
    return (PAGES / f"{rule.code}.md").read_text(encoding="utf-8")


def fixed(case: Case, rule: Rule, found: list[Finding]) -> dict[str, str]:
    """The files of a case with every fix of one rule applied, until nothing is left to fix."""
    texts = {path: without_markers(text) for path, text in case.files.items()}
    for _ in range(10):
        fixable = [f for f in found if f.code == rule.code and f.fix_data is not None]
        if not fixable:
            break
        for path in {finding.path for finding in fixable}:
            source = Source.from_text(texts[path], path)
            texts[path] = apply(source, [f for f in fixable if f.path == path], RULES)
            ast.parse(texts[path])
        found = findings(case._replace(files=texts), [rule])
    return texts


@pytest.mark.parametrize("code", RULES)
def test_first_lines_say_what_the_code_says(code: str) -> None:
    rule = RULES[code]
    lines = page(rule).splitlines()
    fix = f"{rule.applicability} fix" if rule.applicability else "no fix"
    assert lines[0] == f"# {rule.name} ({rule.code})"
    assert lines[2] == f"*{rule.category} · {rule.status} · {fix}*"


@pytest.mark.parametrize("code", RULES)
def test_page_has_the_sections(code: str) -> None:
    rule = RULES[code]
    headings = [heading for heading in sections(page(rule)) if heading]
    assert [h for h in SECTIONS if h in headings] == headings
    needed = {"What it does", "Why is this bad?", "Example", "References"}
    assert needed <= set(headings)
    assert ("Fix safety" in headings) == (rule.fixer is not None)


@pytest.mark.parametrize("code", RULES)
def test_bad_example_fires_where_it_says(code: str) -> None:
    bad, _ = example(page(RULES[code]))
    wanted = expected(bad, code)
    assert wanted, "the example marks no line"
    assert places(findings(bad, [RULES[code]])) == wanted


@pytest.mark.parametrize("code", RULES)
def test_good_example_is_silent(code: str) -> None:
    _, good = example(page(RULES[code]))
    default = [r for r in RULES.values() if r.category in ON_BY_DEFAULT and r.status == STABLE]
    found = findings(good, [*{RULES[code], *default}])
    assert [(f.path, f.span[0], f.code, f.message) for f in found] == []


@pytest.mark.parametrize("code", [code for code, rule in RULES.items() if rule.fixer])
def test_fix_makes_the_good_example(code: str) -> None:
    rule = RULES[code]
    bad, good = example(page(rule))
    if len(bad.files) > 1 or len(good.files) > 1:
        pytest.skip("an example of several files")
    texts = fixed(bad, rule, findings(bad, [rule]))
    assert texts == {path: without_markers(text) for path, text in good.files.items()}


def edge_cases() -> Iterator[object]:
    for code in RULES:
        path = CASES / f"{code}.md"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for case in cases(text):
            yield pytest.param(code, case, id=f"{code}-{case.name}")


@pytest.mark.parametrize(("code", "case"), list(edge_cases()))
def test_edge_case(code: str, case: Case) -> None:
    rule = RULES[code]
    found = findings(case, [rule])
    messages = "\n".join(f"{f.path}:{f.span[0]}: {f.message}" for f in found)
    assert places(found) == expected(case, code), messages
    for finding in found:
        assert "{" not in re.sub(r"`[^`]*`", "", finding.message)
        assert finding.message == finding.message.strip() and "\n" not in finding.message
    if case.fixed:
        texts = fixed(case, rule, found)
        assert {p: t for p, t in texts.items() if p in case.fixed} == case.fixed


@pytest.mark.parametrize("code", RULES)
def test_rule_has_edge_cases_on_both_sides(code: str) -> None:
    found = cases((CASES / f"{code}.md").read_text(encoding="utf-8"))
    assert any(expected(case, code) for case in found), "no case that fires"
    assert any(not expected(case, code) for case in found), "no case that stays silent"
    bodies = [tuple(sorted(case.files.items())) for case in found]
    assert len(bodies) == len(set(bodies)), "two cases are the same"


def test_no_page_or_case_is_left_over() -> None:
    pages = {path.stem for path in PAGES.glob("CEL*.md")}
    assert pages == set(RULES)
    assert {path.stem for path in CASES.glob("*.md")} == set(RULES)
