"""Every rule that claims a failure is shown to be right by a test that runs Celery."""

from __future__ import annotations

import re
from pathlib import Path

from flake8_celery.rule import CORRECTNESS, load_rules

#: Rules whose claim cannot be shown by running anything, and why.
CANNOT_BE_RUN: dict[str, str] = {}


def shown() -> set[str]:
    """The codes in the names of the tests of this folder."""
    texts = (path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    names = [name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)]
    return {code.upper() for name in names for code in re.findall(r"cel\d{3}", name, re.I)}


def test_every_claim_of_a_failure_has_a_test() -> None:
    claims = {code for code, rule in load_rules().items() if rule.category == CORRECTNESS}
    assert sorted(claims - shown() - set(CANNOT_BE_RUN)) == []


def test_what_cannot_be_run_is_not_run() -> None:
    assert sorted(set(CANNOT_BE_RUN) & shown()) == []
    assert all(len(reason.split()) > 3 for reason in CANNOT_BE_RUN.values())
