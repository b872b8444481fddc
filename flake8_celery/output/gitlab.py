"""A report of GitLab's code quality."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from ..diagnostic import Diagnostic, Texts, shown_path


def render(diagnostics: Sequence[Diagnostic], texts: Texts, unsafe: bool) -> str:
    """The diagnostics as a JSON array; paths are relative to the project that CI checks."""
    project = os.environ.get("CI_PROJECT_DIR")
    used: set[str] = set()
    issues = []
    for diagnostic in diagnostics:
        row, column, end_row, end_column = diagnostic.span
        path = os.path.relpath(diagnostic.path, project) if project else shown_path(diagnostic.path)
        issues.append(
            {
                "check_name": diagnostic.code,
                "description": f"{diagnostic.code}: {diagnostic.message}",
                "severity": "major",
                "fingerprint": fingerprint(diagnostic.name, path, used),
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


def fingerprint(name: str, path: str, used: set[str]) -> str:
    """What identifies an issue from one report to the next: neither its line nor its message.

    `used` are those of the report so far, and gets the new one: repeats in one file differ."""
    from hashlib import sha256

    salt = ""
    while True:
        salt = sha256(f"{salt}\0{name}\0{path}".encode("utf-8", "surrogateescape")).hexdigest()[:16]
        if salt not in used:
            used.add(salt)
            return salt
