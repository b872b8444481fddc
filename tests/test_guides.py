"""What popular guides recommend and Celery refutes: their examples are reported.

`guides/*.md` holds such examples in the format of the edge cases; the markers are those of the
rules that see what is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flake8_celery.rule import load_rules

from .pages import MARKER, ROOT, Case, cases, expected, findings, places

RULES = load_rules()
GUIDES = ROOT / "tests" / "guides"


def marked(case: Case) -> list[str]:
    """The codes in a case's markers."""
    text = "\n".join(case.files.values())
    return sorted({c for m in MARKER.finditer(text) for c in re.findall(r"CEL\d{3}", m.group(1))})


def examples() -> list[object]:
    return [
        pytest.param(case, id=f"{path.stem}-{case.name}")
        for path in sorted(Path(GUIDES).glob("*.md"))
        for case in cases(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("case", examples())
def test_what_a_guide_recommends_is_reported(case: Case) -> None:
    codes = marked(case)
    assert codes, "the example marks no line"
    for code in codes:
        assert places(findings(case, [RULES[code]])) == expected(case, code), code
