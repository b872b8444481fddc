"""reviewdog's JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..diagnostic import REPOSITORY, Diagnostic, Texts


def render(diagnostics: Sequence[Diagnostic], texts: Texts, unsafe: bool) -> str:
    """The diagnostics; columns are counts of code points, as ruff writes them."""
    report = {
        "diagnostics": [_record(diagnostic) for diagnostic in diagnostics],
        "severity": "WARNING",
        "source": {"name": "flake8-celery", "url": REPOSITORY},
    }
    return json.dumps(report, indent=2, sort_keys=True, ensure_ascii=False)


def _record(diagnostic: Diagnostic) -> dict[str, Any]:
    code = {"value": diagnostic.code}
    if diagnostic.url:
        code["url"] = diagnostic.url
    record: dict[str, Any] = {
        "code": code,
        "location": {"path": diagnostic.path, "range": _range(diagnostic.span)},
        "message": diagnostic.message,
    }
    if diagnostic.fix:
        record["suggestions"] = [
            {"range": _range(edit.span), "text": edit.text} for edit in diagnostic.fix.edits
        ]
    return record


def _range(span: Sequence[int]) -> dict[str, dict[str, int]]:
    return {
        "start": {"line": span[0], "column": span[1]},
        "end": {"line": span[2], "column": span[3]},
    }
