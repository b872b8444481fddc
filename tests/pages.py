"""Reads the pages of the rules and the files of edge cases, and runs what they hold."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from flake8_celery.celery_versions import parse_span
from flake8_celery.extract import extract
from flake8_celery.files import looks_relevant, may_deploy
from flake8_celery.project import Project
from flake8_celery.rule import Finding, Rule, load_rules
from flake8_celery.rules.suppressions import Suppression
from flake8_celery.run import Comments, Request, judge, judge_suppressions
from flake8_celery.selection import Everywhere
from flake8_celery.source import Source

ROOT = Path(__file__).parent.parent
MARKER = re.compile(r"#\s*error:\s*((?:\[CEL\d{3}\]\s*)+)")
FENCE = re.compile(r"^```(\w*)\s*$")
FILE_NAME = re.compile(r"^`([\w./-]+\.\w+)`:?$")
DEFAULT_NAME = "example.py"


class Case(NamedTuple):
    """Some files, what must be found in them, and what the fix must make of them."""

    name: str
    files: dict[str, str]
    fixed: dict[str, str]
    celery: str


def expected(case: Case, code: str) -> list[tuple[str, int]]:
    """Where the markers of a case want findings of one rule: (path, row)."""
    places = []
    for path, text in case.files.items():
        for row, line in enumerate(text.splitlines(), start=1):
            for marker in MARKER.finditer(line):
                places += [(path, row)] * marker.group(1).count(f"[{code}]")
    return sorted(places)


def without_markers(text: str) -> str:
    """A text with its markers taken out, as the user would have written it."""
    return re.sub(r"[ \t]*# error: (?:\[CEL\d{3}\] ?)+$", "", text, flags=re.MULTILINE)


def blocks(lines: list[str]) -> Iterator[tuple[str, str, str]]:
    """The fenced blocks of a piece of Markdown: (file name, text, the last word before it)."""
    name, before, at = DEFAULT_NAME, "", 0
    while at < len(lines):
        line = lines[at].strip()
        fence = FENCE.match(line)
        if not fence:
            named = FILE_NAME.match(line)
            if named:
                name = named.group(1)
            elif line:
                before = line
            at += 1
            continue
        end = next(i for i in range(at + 1, len(lines)) if lines[i].strip() == "```")
        if fence.group(1) in ("python", "toml", "ini", "yaml", "text"):
            yield name, "\n".join(lines[at + 1 : end]) + "\n", before
        name, at = DEFAULT_NAME, end + 1


def sections(text: str) -> dict[str, list[str]]:
    """The lines of a page by the heading above them."""
    found: dict[str, list[str]] = {"": []}
    current, fenced = found[""], False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if line.startswith("## ") and not fenced:
            heading = line.removeprefix("## ").strip()
            assert heading not in found, f"two sections {heading!r}"
            current = found.setdefault(heading, [])
        else:
            current.append(line)
    return found


def example(page: str) -> tuple[Case, Case]:
    """The bad and the good example of a page."""
    lines = sections(page)["Example"]
    split = next(i for i, line in enumerate(lines) if line.strip() == "Use instead:")
    bad = {name: text for name, text, _ in blocks(lines[:split])}
    good = {name: text for name, text, _ in blocks(lines[split:])}
    return Case("bad", bad, {}, ""), Case("good", good, {}, "")


def cases(text: str) -> list[Case]:
    """The edge cases of a file of them."""
    found = []
    for heading, lines in sections(text).items():
        if not heading:
            continue
        celery = next((x.split(":", 1)[1].strip() for x in lines if x.startswith("celery:")), "")
        files, fixed = {}, {}
        for name, block, before in blocks(lines):
            (fixed if before == "fix:" else files)[name] = block
        found.append(Case(heading, files, fixed, celery))
    return found


def project(case: Case) -> Project:
    """The project that the files of a case make."""
    load_rules()
    texts = {path: without_markers(text) for path, text in case.files.items()}
    python = {path: text for path, text in texts.items() if path.endswith(".py")}
    facts = {path: extract(Source.from_text(text, path)) for path, text in python.items()}
    relevant = {p: m for p, m in facts.items() if looks_relevant(python[p].encode())}
    known: dict[str, Any] = {"celery": parse_span(case.celery)} if case.celery else {}
    if "flake8-celery.toml" in texts:
        known["options"] = tomllib.loads(texts["flake8-celery.toml"])
    deployment = [p for p in texts if p not in python and may_deploy(p.rpartition("/")[2])]
    return Project(
        relevant,
        python,
        facts.get,
        lambda p: texts[p].encode(),
        deployment_files=deployment,
        **known,
    )


def findings(case: Case, rules: list[Rule]) -> list[Finding]:
    """What the rules find in the files of a case; an internal error fails the test.

    Rules about suppressions look at what all the others find, and only then comments count."""
    warnings: list[str] = []
    unknown: set[tuple[str, str]] = set()
    whole = project(case)
    about_comments = any(rule.subject is Suppression for rule in rules)
    asked = list(load_rules().values()) if about_comments else rules
    found, _ = judge(whole, asked, None, warnings.append, unknown)
    if about_comments:
        comments = Comments(
            lambda path: without_markers(case.files[path]).encode(), lambda complaint: None
        )
        found += judge_suppressions(
            whole, asked, found, comments, Request(""), Everywhere(asked), unknown
        )
        found = [f for f in found if not comments.silence(f)]
    assert not warnings, warnings
    return [finding for finding in found if finding.code in {rule.code for rule in rules}]


def places(found: list[Finding]) -> list[tuple[str, int]]:
    """Where findings stand: (path, row)."""
    return sorted((finding.path, finding.span[0]) for finding in found)
