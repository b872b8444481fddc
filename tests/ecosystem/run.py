"""Check the pinned applications and keep what was found, with the verdicts of its reviewers.

    python tests/ecosystem/run.py [NAME ...]             write findings/NAME.txt
    python tests/ecosystem/run.py [NAME ...] --check     compare with them, exit 1 if they differ
    python tests/ecosystem/run.py [NAME ...] --summary   count the verdicts, rule by rule

A line of a findings file is one finding, with the verdict of whoever read the code it points to:

    flower/app.py:12:5: CEL105 `poll` retries for ever  # false: the loop above it stops
    flower/app.py:40:1: CEL203 no time limit  # opinion: a limit of the worker may be enough
    flower/app.py:71:1: CEL301 unknown setting `brokr_url`  # true

Verdicts are written by hand, and kept as long as path, code and message stay the same.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import shlex
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from fetch import FetchError, chosen_pins, default_folder, fetch

REPOSITORY = Path(__file__).resolve().parents[2]
FINDINGS = Path(__file__).with_name("findings")
TOOL = f"{shlex.quote(sys.executable)} -m flake8_celery"
CHECK = ["check", "--isolated", "--no-cache", "--output-format", "json", "--exit-zero"]
LINE = re.compile(
    r"(?P<path>.+?):(?P<row>\d+):(?P<column>\d+): (?P<code>\S+) (?P<message>.*?)"
    r"(?:  # (?P<verdict>true|(?:false|opinion): \S.*))?"
)


class RunError(Exception):
    """The tool failed on an application, or a findings file has a line that is none."""


class Finding(NamedTuple):
    """One line of a findings file; the path is relative to the application, with ``/``."""

    path: str
    row: int
    column: int
    code: str
    message: str
    verdict: str | None = None

    @property
    def identity(self) -> tuple[str, str, str]:
        return self.path, self.code, self.message

    def __str__(self) -> str:
        verdict = f"  # {self.verdict}" if self.verdict else ""
        return f"{self.path}:{self.row}:{self.column}: {self.code} {self.message}{verdict}"


def read_findings(text: str) -> list[Finding]:
    """The findings of a findings file; raises RunError for a line of another form."""
    findings = []
    for line in text.splitlines():
        match = LINE.fullmatch(line)
        if not match:
            raise RunError(f"not a finding: {line}")
        path, row, column, code, message, verdict = match.groups()
        findings.append(Finding(path, int(row), int(column), code, message, verdict))
    return findings


def write_findings(findings: Iterable[Finding]) -> str:
    return "".join(f"{finding}\n" for finding in findings)


def keep_verdicts(new: list[Finding], old: list[Finding]) -> list[Finding]:
    """The new findings, each with the verdict of the old finding that it repeats.

    Findings with one identity (path, code, message) are matched in order when there are as many
    as before. When there are not, nobody can tell which one came or went, and only a finding at
    the same row and column keeps its verdict.
    """
    before = by_identity(old)
    judged = []
    for identity, findings in by_identity(new).items():
        known = before.get(identity, [])
        if len(known) == len(findings):
            verdicts = [finding.verdict for finding in known]
        else:
            at = {(finding.row, finding.column): finding.verdict for finding in known}
            verdicts = [at.get((finding.row, finding.column)) for finding in findings]
        for finding, verdict in zip(findings, verdicts, strict=True):
            judged.append(finding._replace(verdict=verdict))
    return sorted(judged, key=order)


def order(finding: Finding) -> tuple[str, int, int, str, str]:
    return finding[:5]


def by_identity(findings: list[Finding]) -> dict[tuple[str, str, str], list[Finding]]:
    grouped = defaultdict(list)
    for finding in sorted(findings, key=order):
        grouped[finding.identity].append(finding)
    return grouped


def check(folder: Path, tool: str = TOOL) -> list[Finding]:
    """What the tool finds in one application; raises RunError when the tool fails."""
    folder = folder.resolve()
    done = subprocess.run(
        [*shlex.split(tool), *CHECK, str(folder)],
        cwd=REPOSITORY,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise RunError(f"{folder.name}: exit code {done.returncode}\n{done.stderr.strip()}")
    try:
        found = json.loads(done.stdout)
    except ValueError as error:
        raise RunError(f"{folder.name}: {error}\n{done.stdout[:500]}") from None
    return sorted((relative(item, folder) for item in found), key=order)


def relative(item: dict[str, object], folder: Path) -> Finding:
    """A finding of the tool's JSON as a line of this application's file."""
    path = (REPOSITORY / str(item["filename"])).resolve().relative_to(folder).as_posix()
    location = item["location"]
    assert isinstance(location, dict)
    code = str(item["code"] or item["name"])
    return Finding(path, location["row"], location["column"], code, str(item["message"]))


def findings_file(name: str) -> Path:
    return FINDINGS / f"{name}.txt"


def judged_text(name: str, found: list[Finding]) -> str:
    """What the findings file of an application has to say, given what was found now."""
    path = findings_file(name)
    old = read_findings(path.read_text(encoding="utf-8")) if path.exists() else []
    return write_findings(keep_verdicts(found, old))


def difference(name: str, found: list[Finding]) -> str:
    """A unified diff from the findings file to what was found now; empty when nothing changed."""
    path = findings_file(name)
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = difflib.unified_diff(
        old.splitlines(keepends=True),
        judged_text(name, found).splitlines(keepends=True),
        f"findings/{path.name}",
        "found now",
    )
    return "".join(lines)


def summary(findings: Iterable[Finding]) -> str:
    """A Markdown table of verdicts: one row per rule, and one for all of them."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for finding in findings:
        kind = finding.verdict.partition(":")[0] if finding.verdict else "unjudged"
        for row in (finding.code, "all"):
            counts[row].update(["findings", kind])
    columns = ["findings", "true", "false", "opinion", "unjudged"]
    lines = [f"| rule | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]
    for code in [*sorted(counts.keys() - {"all"}), "all"]:
        lines.append(f"| {code} | {' | '.join(str(counts[code][column]) for column in columns)} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check the pinned applications.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: every application")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="compare instead of writing")
    what.add_argument("--summary", action="store_true", help="count the verdicts; run nothing")
    parser.add_argument("--into", type=Path, default=default_folder(), metavar="DIR")
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="archives downloaded before")
    parser.add_argument("--command", default=TOOL, help="the tool to run (default: this one)")
    options = parser.parse_args(arguments)
    pins = chosen_pins(options.names)

    if options.summary:
        files = [findings_file(pin.name) for pin in pins]
        texts = [path.read_text(encoding="utf-8") for path in files if path.exists()]
        print(summary(finding for text in texts for finding in read_findings(text)))
        return 0

    status = 0
    for pin in pins:
        try:
            found = check(fetch(pin, options.into, options.wheels), options.command)
            if options.check:
                changed = difference(pin.name, found)
                sys.stdout.write(changed)
                status = max(status, bool(changed))
            else:
                text = judged_text(pin.name, found)
                FINDINGS.mkdir(exist_ok=True)
                findings_file(pin.name).write_text(text, encoding="utf-8")
                print(f"{pin.name}: {len(found)} findings")
        except (FetchError, RunError) as error:
            print(error, file=sys.stderr)
            status = 2
    return status


if __name__ == "__main__":
    sys.exit(main())
