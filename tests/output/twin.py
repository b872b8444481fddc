"""ruff's findings as our diagnostics, so that both tools can be asked to show the same."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sysconfig
from collections.abc import Mapping

from flake8_celery import output
from flake8_celery.diagnostic import REPOSITORY, Diagnostic, Texts
from flake8_celery.files import read
from flake8_celery.output.color import PLAIN, Style
from flake8_celery.rule import Edit, Fix
from flake8_celery.source import Span

RUFF = os.path.join(sysconfig.get_path("scripts"), "ruff")
# Safe fixes, unsafe ones, none at all, places over several lines; and syntax errors, always.
SELECTED = "F401,E711,F821,F541,W293,E731,SIM102,UP032,C408,PIE790,E902"
# What decides about colours and links is what a test says, not who runs it.
UNSET = ("CI_PROJECT_DIR", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "FORCE_HYPERLINK")


def ruff(folder: str, name: str, *flags: str, links: bool = False) -> str:
    """What ruff writes about a folder in a format: the findings, without the summary."""
    command = [RUFF, "check", "--isolated", "--no-cache", "--quiet", "--target-version=py311"]
    command += [f"--select={SELECTED}", f"--output-format={name}", *flags, "."]
    environment = {key: value for key, value in os.environ.items() if key not in UNSET}
    environment["FORCE_HYPERLINK"] = "1" if links else "0"
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr.decode()
    return done.stdout.decode()


def span(record: Mapping[str, Mapping[str, int]]) -> Span:
    """The place of one of ruff's JSON records."""
    start, end = record["location"], record["end_location"]
    return (start["row"], start["column"], end["row"], end["column"])


def diagnostics(report: str) -> list[Diagnostic]:
    """The diagnostics of ruff's JSON."""
    found = []
    for record in json.loads(report):
        fix = record["fix"] and Fix(
            record["fix"]["message"],
            record["fix"]["applicability"],
            tuple(Edit(span(edit), edit["content"]) for edit in record["fix"]["edits"]),
        )
        about = (record["code"], record["name"], record["message"], record["noqa_row"] is not None)
        found.append(
            Diagnostic(
                record["filename"], span(record), *about, record["url"], (), fix, fix and fix.title
            )
        )
    return found


def ours(found: list[Diagnostic], name: str, unsafe: bool = False, style: Style = PLAIN) -> str:
    """What we write about them in a format, with ruff's name in the place of ours."""
    text = output.render(name, found, Texts(read), unsafe, style)
    if name in ("junit", "github"):
        return text.replace("flake8-celery", "ruff")
    if name == "rdjson":
        text = text.replace(REPOSITORY, "https://docs.astral.sh/ruff")
        return text.replace('"flake8-celery"', '"ruff"')
    return text


def without_fingerprints(report: str) -> str:
    """A report of code quality without what each tool hashes in its own way."""
    return re.sub(r'"fingerprint": "[0-9a-f]+"', '"fingerprint": ""', report)


def without_bare_help(text: str) -> str:
    """ruff's frames without the advice that it gives where there is no fix."""
    return re.sub(r"(?m)^help: .*\n\n", "\n", text)


def cells(text: str) -> list[tuple[str, frozenset[str]]]:
    """Every character with its colours.  Of the changes that a fix makes, ruff also sets single
    words in bold; that is left out."""
    found = []
    active: frozenset[str] = frozenset()
    for code, character in re.findall(r"\x1b\[([\d;]+)m|(.|\n)", text):
        if code:
            active = frozenset() if code == "0" else active | {code}
        else:
            found.append((character, active - {"1"} if active & {"31", "32"} else active))
    return found
