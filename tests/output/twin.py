"""ruff's findings as our diagnostics, so that both tools can be asked to show the same."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from collections.abc import Mapping

from flake8_celery import __version__, output
from flake8_celery.diagnostic import REPOSITORY, Diagnostic, Texts
from flake8_celery.output.color import PLAIN, Style
from flake8_celery.rule import Edit, Fix
from flake8_celery.source import Span

RUFF = os.path.join(sysconfig.get_path("scripts"), "ruff")
# A safe fix, an unsafe one, none at all, and what cannot be selected: a syntax error.
SELECTED = "F401,E711,F821,F541,W293,E731,SIM102,UP032,C408,PIE790,E902"


def ruff(folder: str, name: str, *flags: str) -> str:
    """What ruff writes about a folder in a format, findings only."""
    command = [RUFF, "check", "--isolated", "--no-cache", "--quiet", "--target-version=py311"]
    command += [f"--select={SELECTED}", f"--output-format={name}", *flags]
    environment = {key: value for key, value in os.environ.items() if key != "CI_PROJECT_DIR"}
    paths = () if any(flag.endswith(".py") for flag in flags) else (".",)
    done = subprocess.run(
        [*command, *paths], cwd=folder, env=environment, capture_output=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr.decode()
    return done.stdout.decode()


def diagnostics(report: str) -> list[Diagnostic]:
    """The diagnostics of ruff's JSON."""

    def span(record: Mapping[str, Mapping[str, int]]) -> Span:
        start, end = record["location"], record["end_location"]
        return (start["row"], start["column"], end["row"], end["column"])

    found = []
    for record in json.loads(report):
        fix = record["fix"]
        found.append(
            Diagnostic(
                record["filename"],
                span(record),
                record["code"],
                record["name"],
                record["message"],
                record["noqa_row"],
                record["url"],
                (),
                fix
                and Fix(
                    fix["message"],
                    fix["applicability"],
                    tuple(Edit(span(edit), edit["content"]) for edit in fix["edits"]),
                ),
            )
        )
    return found


def texts() -> Texts:
    """The files of the disk."""

    def read(path: str) -> bytes:
        with open(path, "rb") as stream:
            return stream.read()

    return Texts(read)


def ours(found: list[Diagnostic], name: str, unsafe: bool = False, style: Style = PLAIN) -> str:
    """What we write about them in a format, with ruff's name in the place of ours."""
    text = output.render(name, found, texts(), unsafe, style)
    if name in ("junit", "github"):
        text = text.replace("flake8-celery", "ruff")
    if name == "rdjson":
        text = text.replace(REPOSITORY, "https://docs.astral.sh/ruff")
        text = text.replace('"flake8-celery"', '"ruff"')
    assert __version__
    return text
