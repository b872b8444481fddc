"""JUnit's XML, with a test suite for each file and a failed test for each diagnostic."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import groupby

from ..diagnostic import Diagnostic, Texts

NAME = "flake8-celery"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
# XML has no way to write most control characters, and two more.
_UNWRITABLE = [*(chr(code) for code in range(0x20) if code not in (9, 10, 13)), "\ufffe", "\uffff"]
_ESCAPES = str.maketrans({**dict.fromkeys(_UNWRITABLE, ""), **_ENTITIES})


def render(diagnostics: Sequence[Diagnostic], texts: Texts, unsafe: bool) -> str:
    """The report; without diagnostics it has one test, which passed."""
    count = len(diagnostics)
    counts = f'tests="{count or 1}" skipped="0" failures="{count}" errors="0"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="{NAME}" {counts}>',
    ]
    if not diagnostics:
        lines += [
            _suite(NAME, 1, 0),
            f'        <testcase name="No errors found" classname="{NAME}"/>',
            "    </testsuite>",
        ]
    for path, found in groupby(diagnostics, key=lambda diagnostic: diagnostic.path):
        group = list(found)
        lines.append(_suite(_escaped(path), len(group), len(group)))
        for diagnostic in group:
            lines += _case(diagnostic)
        lines.append("    </testsuite>")
    lines.append("</testsuites>")
    return "".join(f"{line}\n" for line in lines)


def _suite(name: str, tests: int, failures: int) -> str:
    counts = f'tests="{tests}" skipped="0" errors="0" failures="{failures}"'
    return f'    <testsuite name="{name}" {counts} package="org.{NAME}">'


def _case(diagnostic: Diagnostic) -> Iterator[str]:
    row, column = diagnostic.span[:2]
    name = f"org.{NAME}.{diagnostic.code}"
    classname = _escaped(os.path.splitext(diagnostic.path)[0])
    message = _escaped(diagnostic.message)
    yield (
        f'        <testcase name="{name}" classname="{classname}" line="{row}" column="{column}">'
    )
    yield "            <properties>"
    yield '                <property name="severity" value="error"/>'
    yield "            </properties>"
    text = f"line {row}, col {column}, {message}"
    yield f'            <failure message="{message}">{text}</failure>'
    yield "        </testcase>"


def _escaped(text: str) -> str:
    return text.encode("utf-8", "replace").decode().translate(_ESCAPES)
