"""A report of GitLab's code quality."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from ..diagnostic import Diagnostic, Texts, shown_path


def render(diagnostics: Sequence[Diagnostic], texts: Texts, unsafe: bool) -> str:
    """The diagnostics as a JSON array; paths are relative to the project that CI checks."""
    project = os.environ.get("CI_PROJECT_DIR")
    last: dict[tuple[str, str], str] = {}
    issues = []
    for diagnostic in diagnostics:
        row, column, end_row, end_column = diagnostic.span
        path = os.path.relpath(diagnostic.path, project) if project else shown_path(diagnostic.path)
        issues.append(
            {
                "check_name": diagnostic.code,
                "description": f"{diagnostic.code}: {diagnostic.message}",
                "severity": "major",
                "fingerprint": fingerprint(diagnostic.name, path, last),
                "location": {
                    "path": path,
                    "positions": {
                        "begin": {"line": row, "column": column},
                        "end": {"line": end_row, "column": end_column},
                    },
                },
            }
        )
    return json.dumps(issues, indent=2, ensure_ascii=False)


def fingerprint(name: str, path: str, last: dict[tuple[str, str], str]) -> str:
    """What identifies an issue from one report to the next: neither its line nor its message.

    `last` holds the last one of each rule in each file, and gets this one: repeats differ."""
    from hashlib import sha256

    about = f"{last.get((name, path), '')}\0{name}\0{path}"
    last[name, path] = sha256(about.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return last[name, path]
