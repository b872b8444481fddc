"""The same flags, to ruff and to us, over twin files: exit codes and output have one shape.

The twins hold a finding with a safe fix, one with an unsafe fix and one with none.  A shape is
the text with paths, numbers, codes, messages and source text replaced by placeholders, and for
JSON the tree of keys and types."""

from __future__ import annotations

import difflib
import json
import os
import re
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flake8_celery.output import FORMATS

from .conftest import Place, Ran

RUFF = os.path.join(sysconfig.get_path("scripts"), "ruff")
TWINS = {
    "ruff": "import os\nx = 1\nif x == None:\n    print(y)\n",
    "ours": "mended()\nimport celery\nif perhaps() == 1:\n    print(plain())\n",
}
CODES = {
    "ruff": {"SAFE": "F401", "UNSAFE": "E711", "NONE": "F821"},
    "ours": {"SAFE": "CEL970", "UNSAFE": "CEL971", "NONE": "CEL972"},
}
SOURCE_LINES = {line for text in TWINS.values() for line in text.splitlines()}
SOURCE_LINES |= {"if x is None:", "if surely() == 1:"}
BASE = "check --isolated --no-cache --select SAFE,UNSAFE,NONE"

FLAGS = [
    "",
    "a.py",
    "a.py a.py",
    "nowhere.py",
    "empty",
    "a.py empty",
    "--quiet",
    "--quiet empty",
    "--silent",
    "--silent empty",
    "--exit-zero",
    "--exit-zero --fix",
    "--statistics --ignore SAFE",
    "--statistics --output-format json",
    "--statistics --output-format github",
    "--statistics --unsafe-fixes --ignore SAFE",
    "--fix",
    "--fix --unsafe-fixes",
    "--fix --quiet",
    "--fix --silent",
    "--fix --show-fixes",
    "--fix --exit-non-zero-on-fix",
    "--fix --output-format concise",
    "--fix --output-format json",
    "--fix-only",
    "--fix-only --unsafe-fixes",
    "--fix-only --show-fixes",
    "--fix-only --quiet",
    "--fix-only --ignore SAFE",
    "--diff",
    "--diff --quiet",
    "--diff --unsafe-fixes",
    "--diff --ignore SAFE",
    "--diff --select NONE",
    "--show-fixes",
    "--unsafe-fixes",
    "--no-unsafe-fixes",
    "--no-fix",
    "--no-show-fixes",
    "--no-fix-only",
    "--no-preview",
    "--preview --no-preview",
    "--fix --no-fix",
    "--no-respect-gitignore",
    "--no-force-exclude",
    "--force-exclude --exclude a.py a.py",
    "--exclude a.py",
    "--extend-exclude a.py",
    "--extend-exclude *.py",
    "--extend-ignore SAFE",
    "--ignore SAFE,NONE",
    "--extend-select SAFE",
    "--select SAFE",
    "--select SAFE --select NONE",
    "--fixable SAFE",
    "--fixable NONE --unsafe-fixes",
    "--unfixable SAFE",
    "--unfixable SAFE --fix",
    "--extend-fixable UNSAFE --unfixable ALL",
    "--extend-unfixable SAFE",
    "--per-file-ignores a.py:SAFE",
    "--per-file-ignores a.py:SAFE,b.py:NONE",
    "--per-file-ignores *.py:ALL",
    "--per-file-ignores !a.py:ALL",
    "--per-file-ignores b.py:ALL --extend-per-file-ignores a.py:NONE",
    "--dummy-variable-rgx ^_$",
    "--line-length 100",
    "--target-version py311",
    "--ignore-noqa",
    "--color always",
    "--color always --output-format concise",
    "--color always --output-format grouped",
    "--color always --fix --show-fixes",
    "--color always --statistics --ignore SAFE",
    "--config lint.ignore=['SAFE']",
    "--config fix=true",
    "--config unsafe-fixes=true",
    "--config lint.extend-safe-fixes=['UNSAFE']",
    "--config lint.extend-unsafe-fixes=['SAFE']",
    "--config output-format='concise'",
    "--config lint.per-file-ignores={'a.py'=['SAFE']}",
    "--add-noqa",
    "--add-noqa=why",
    "--add-noqa --quiet",
    "--add-noqa --fix-only",
    "--add-ignore",
    "--add-ignore=why",
    "--show-files",
    "--output-file out/put.txt",
    "--output-file out.txt --output-format json",
]
MISTAKES = [
    "--bad-flag",
    "--select NOPE1",
    "--ignore nope",
    "--fixable NOPE1",
    "--unfixable NOPE1",
    "--per-file-ignores a.py:NOPE1",
    "--per-file-ignores a.py",
    "--config nowhere.toml",
    "--config lint.select=['NOPE1']",
    "--quiet --silent",
    "--quiet --verbose",
    "--fix --fix",
    "-n",
    "--diff --show-fixes",
    "--diff --statistics",
    "--add-noqa --fix",
    "--add-noqa --diff",
    "--add-noqa --add-ignore",
    "--add-noqa --ignore-noqa",
    "--add-noqa --stdin-filename a.py",
    "--watch --statistics",
    "--watch --show-files",
    "--watch -",
    "--show-files --show-settings",
    "--show-settings empty",
    "--exit-zero --exit-non-zero-on-fix",
    "--line-length 0",
    "--target-version py99",
    "--color nope",
    "--format text",
    "--show-source",
    "--no-exit-zero",
    "--no-statistics",
]
# (flags, whether standard input is the twin or an empty text)
EDITORS = [
    # nvim-lint's `ruff`, and flycheck's `python-ruff`
    "--force-exclude --quiet --stdin-filename a.py --no-fix --output-format json -",
    "--output-format=json --stdin-filename a.py -",
    "--stdin-filename a.py",
    "--stdin-filename new/b.py -",
    "--stdin-filename a.py b.py",
    "--stdin-filename a.py --exclude a.py -",
    "--force-exclude --stdin-filename a.py --exclude a.py -",
    "-",
    "--fix -",
    "--fix --quiet --stdin-filename a.py -",
    "--fix-only -",
    "--diff -",
    "--diff --stdin-filename a.py -",
    "--fix --exit-zero --stdin-filename a.py -",
]

# What our SARIF has and ruff's has not.
MORE = frozenset(
    "columnKind markdown originalUriBaseIds partialFingerprints relatedLocations ruleIndex tags "
    "uriBaseId".split()
)


def tree(value: Any) -> Any:
    """Keys and types of JSON; of a list, each kind of item once."""
    if isinstance(value, dict):
        ours = {*MORE, "name"} if "shortDescription" in value else MORE
        return {key: tree(item) for key, item in value.items() if key not in ours}
    if isinstance(value, list):
        kinds: list[Any] = []
        for kind in map(tree, value):
            if kind not in kinds:
                kinds.append(kind)
        return kinds
    return type(value).__name__


def shape(text: str) -> str:
    """A text without what must differ between the twins."""
    try:
        return json.dumps(tree(json.loads(text)), indent=1, sort_keys=True)
    except ValueError:
        pass
    if text.startswith("{"):
        records = {json.dumps(tree(json.loads(line)), sort_keys=True) for line in text.splitlines()}
        return "\n".join(sorted(records))
    lines: list[str] = []
    for line in text.splitlines():
        if re.sub(r"^[ +-]", "", line) in SOURCE_LINES or line in SOURCE_LINES:
            lines += [] if lines and lines[-1] == "FRAME" else ["FRAME"]
            continue
        colors = "".join(re.findall(r"\x1b\[([\d;]*)m", line))
        line = re.sub(r"\x1b\[[\d;]*m", "", line)
        if re.match(r"\s*\d*\s*\|", line) or re.match(r"\s*(\d+ )?[+-](?![+-]| P?[\w./]+:$)", line):
            lines += [] if lines and lines[-1] == "FRAME" and "^" not in line else ["FRAME"]
            continue
        line = re.sub(r"[^\s=\"'`]*[\w-]+\.(?:py|toml)\b", "P", line)
        line = re.sub(r'(classname=")[^"]*', r"\1P", line)
        line = re.sub(r"\b(?:ruff|flake8-celery)\b", "TOOL", line)
        line = re.sub(r"\b[A-Z]{1,4}\d{3,4}\b", "C", line)
        line = re.sub(r"\d+", "N", line)
        line = re.sub(r"^(P:N:(?:N:)? C|P:N: \[C\]|C|\s+N:N\s+C)( \[\*\])? .*", r"\1\2 MSG", line)
        line = re.sub(r"(help|note): .*", r"\1: MSG", line)
        line = re.sub(r"(::| message=|code=C;\]).*?(%NA|$)", r"\1 MSG\2", line)
        line = re.sub(r"((?:^|\])N?\t?C?\t?(?:\[.\] )?)[a-z-]+$", r"\1NAME", line)
        line = re.sub(r"\((?:[a-z]+-)+[a-z]+\)", "(NAME)", line)
        lines.append(f"{line} {colors}" if colors else line)
    return "\n".join(lines)


class Twins:
    """The twin folders, and the two commands run in them."""

    def __init__(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place = place
        self._chdir: Callable[[Path], None] = monkeypatch.chdir
        for side, text in TWINS.items():
            place.put({f"{side}/.git/HEAD": "", f"{side}/a.py": text})
            (place.folder / side / "empty").mkdir()

    def run(self, side: str, flags: str, stdin: bool) -> Ran:
        """Runs one of them; `stdin`: with the text of `a.py` on standard input."""
        # Only where it is selected does ruff report a file that is not there.
        base = f"{BASE},E902" if side == "ruff" else BASE
        words = f"{base} {flags}".split() if "--select S" not in flags else []
        words = words or f"check --isolated --no-cache {flags}".split()
        for word, code in sorted(CODES[side].items(), reverse=True):
            words = [re.sub(rf"\b{word}\b", code, given) for given in words]
        folder = self.place.folder / side
        self._chdir(folder)
        text = TWINS[side]
        if side == "ours":
            return self.place.run(*words, stdin=text if stdin else "")
        done = subprocess.run(
            [RUFF, *words], input=text if stdin else "", capture_output=True, text=True, cwd=folder
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def seen(self, side: str, flags: str, stdin: bool = False, told: bool = True) -> list[str]:
        """The shape of everything that a run says and leaves behind."""
        ran = self.run(side, flags, stdin)
        err = shape(ran.err) if told else bool(ran.err)
        files = sorted(
            path.relative_to(self.place.folder / side)
            for path in (self.place.folder / side).rglob("*")
            if path.is_file() and ".git" not in path.parts
        )
        left = (self.place.folder / side / "a.py").read_text().splitlines()
        before = TWINS[side].splitlines()
        changed = [
            f"row {row}"
            for row in range(len(before))
            if len(left) != len(before) or left[row] != before[row]
        ]
        parts = [f"exit {ran.code}", "--out--", shape(ran.out), "--err--", str(err)]
        return [*"\n".join(parts).splitlines(), f"files {[str(f) for f in files]}", *changed]


@pytest.fixture
def twins(place: Place, monkeypatch: pytest.MonkeyPatch) -> Twins:
    return Twins(place, monkeypatch)


def agree(twins: Twins, flags: str, **more: bool) -> None:
    theirs, ours = (twins.seen(side, flags, **more) for side in ("ruff", "ours"))
    difference = "\n".join(difflib.unified_diff(theirs, ours, "ruff", "ours", lineterm=""))
    assert not difference, f"\n{difference}"


@pytest.mark.parametrize("flags", FLAGS)
def test_flags(twins: Twins, flags: str) -> None:
    agree(twins, flags)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("more", ["", " --unsafe-fixes", " --quiet", " --fix", " empty"])
def test_formats(twins: Twins, name: str, more: str) -> None:
    agree(twins, f"--output-format {name}{more}")


@pytest.mark.parametrize("flags", MISTAKES)
def test_mistakes(twins: Twins, flags: str) -> None:
    """What is said about usage is our own; that something is said, and where, is not."""
    agree(twins, flags, told=False)


@pytest.mark.parametrize("flags", EDITORS)
def test_standard_input(twins: Twins, flags: str) -> None:
    agree(twins, flags, stdin=True)


def test_a_difference_is_seen(twins: Twins) -> None:
    ruffs = twins.seen("ruff", "--ignore NONE")
    assert ruffs != twins.seen("ours", "") and ruffs != twins.seen("ours", "--unfixable SAFE")
