"""A JSON array, with ruff's keys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..diagnostic import Diagnostic, Texts


def record(diagnostic: Diagnostic, texts: Texts) -> dict[str, Any]:
    """One diagnostic as the object that ruff writes; the file name is absolute."""
    row, column, end_row, end_column = diagnostic.span
    fix = diagnostic.fix
    return {
        "cell": None,
        "code": diagnostic.code,
        "end_location": {"column": end_column, "row": end_row},
        "filename": diagnostic.path,
        "fix": fix
        and {
            "applicability": fix.applicability,
            "edits": [
                {
                    "content": edit.text,
                    "end_location": {"column": edit.span[3], "row": edit.span[2]},
                    "location": {"column": edit.span[1], "row": edit.span[0]},
                }
                for edit in fix.edits
            ],
            "message": fix.title,
        },
        "location": {"column": column, "row": row},
        "message": diagnostic.message,
        "name": diagnostic.name,
        "noqa_row": texts.noqa_row(diagnostic.path, row) if diagnostic.suppressible else None,
        "severity": "error",
        "url": diagnostic.url,
    }


def render(diagnostics: Sequence[Diagnostic], texts: Texts, unsafe: bool) -> str:
    """The diagnostics as a JSON array, without a final newline, as ruff writes it."""
    return json.dumps(
        [record(d, texts) for d in diagnostics], indent=2, sort_keys=True, ensure_ascii=False
    )
