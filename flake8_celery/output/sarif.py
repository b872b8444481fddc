"""SARIF 2.1.0, the format of code scanning services.

Besides what ruff writes, results say where else their evidence stands, which rule they belong to
and what identifies them from one run to the next; paths are relative to the working directory."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from .. import __version__
from ..diagnostic import REPOSITORY, Diagnostic, Texts
from ..pages import explanation
from ..rule import ON_BY_DEFAULT, PREVIEW, Rule, load_rules
from ..source import Span
from .gitlab import fingerprint

ROOT = "SRCROOT"


def render(diagnostics: Sequence[Diagnostic], texts: Texts, unsafe: bool) -> str:
    """The diagnostics as one run; `rules` are those that they belong to."""
    rules = load_rules()
    codes = sorted({d.code for d in diagnostics if d.code in rules})
    index = {code: number for number, code in enumerate(codes)}
    last: dict[tuple[str, str], str] = {}
    run = {
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"uri": _uri(os.getcwd()).rstrip("/") + "/"}},
        "results": [_result(diagnostic, index, last) for diagnostic in diagnostics],
        "tool": {
            "driver": {
                "informationUri": REPOSITORY,
                "name": "flake8-celery",
                "rules": [_rule(rules[code], diagnostics) for code in codes],
                "version": __version__,
            }
        },
    }
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "runs": [run],
        "version": "2.1.0",
    }
    return json.dumps(log, indent=2, sort_keys=True, ensure_ascii=False)


def _uri(path: str) -> str:
    from urllib.parse import quote

    posix = path.replace(os.sep, "/")
    return "file://" + quote(posix if posix.startswith("/") else f"/{posix}")


def _artifact(path: str) -> dict[str, str]:
    """A file: relative to the working directory where it is below it."""
    from urllib.parse import quote

    folder = os.getcwd().rstrip(os.sep) + os.sep
    if path.startswith(folder):
        return {"uri": quote(path[len(folder) :].replace(os.sep, "/")), "uriBaseId": ROOT}
    return {"uri": _uri(path)}


def _region(span: Sequence[int]) -> dict[str, int]:
    return {
        "startLine": span[0],
        "startColumn": span[1],
        "endLine": span[2],
        "endColumn": span[3],
    }


def _location(path: str, span: Span) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": _artifact(path), "region": _region(span)}}


def _result(
    diagnostic: Diagnostic, index: Mapping[str, int], last: dict[tuple[str, str], str]
) -> dict[str, Any]:
    artifact = _artifact(diagnostic.path)
    result: dict[str, Any] = {
        "level": "error",
        "locations": [_location(diagnostic.path, diagnostic.span)],
        "message": {"text": diagnostic.message},
        "partialFingerprints": {
            "flake8Celery/v1": fingerprint(diagnostic.name, artifact["uri"], last)
        },
        "ruleId": diagnostic.code,
    }
    if diagnostic.code in index:
        result["ruleIndex"] = index[diagnostic.code]
    if diagnostic.related:
        result["relatedLocations"] = [
            {**_location(place.path, place.span), "message": {"text": place.message}}
            for place in diagnostic.related
        ]
    if diagnostic.fix:
        replacements = []
        for edit in diagnostic.fix.edits:
            replacement: dict[str, Any] = {"deletedRegion": _region(edit.span)}
            if edit.text:
                replacement["insertedContent"] = {"text": edit.text}
            replacements.append(replacement)
        change = {"artifactLocation": artifact, "replacements": replacements}
        result["fixes"] = [
            {"artifactChanges": [change], "description": {"text": diagnostic.fix.title}}
        ]
    return result


def _rule(rule: Rule, diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    page = explanation(rule) or rule.says
    # The page starts with a heading and a paragraph: what the rule does.
    about = page.split("\n\n## ", 1)[0].removeprefix("## What it does").strip()
    url = next((d.url for d in diagnostics if d.code == rule.code and d.url), REPOSITORY)
    return {
        "defaultConfiguration": {
            "enabled": rule.category in ON_BY_DEFAULT and rule.status != PREVIEW,
            "level": "error",
        },
        "fullDescription": {"text": about},
        "help": {"markdown": page, "text": page},
        "helpUri": url,
        "id": rule.code,
        "name": rule.name,
        "properties": {
            "id": rule.code,
            "kind": "flake8-celery",
            "name": rule.name,
            "problem.severity": "error",
            "tags": [rule.category],
        },
        "shortDescription": {"text": rule.says},
    }
