"""Make every fix in copies of the pinned applications, and lint them again.

    python tests/ecosystem/fixes.py [NAME ...]

Prints, for each application, how many findings there were, how many of them `--fix
--unsafe-fixes` can fix, how many are left, and what is found that was not there before: that is
for a reader to judge.  Exit code 1 if a changed file no longer parses or a fix is still to be made.
"""

from __future__ import annotations

import argparse
import ast
import filecmp
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fetch import chosen_pins, default_folder, fetch
from run import CHECK, REPOSITORY, TOOL, RunError

Found = list[dict[str, Any]]


def lint(folder: Path, *flags: str) -> Found:
    """What the tool finds in a folder; raises RunError when it fails or warns."""
    done = subprocess.run(
        [*shlex.split(TOOL), *CHECK, "--select", "CEL", *flags, str(folder)],
        cwd=REPOSITORY,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode or "would break" in done.stderr or "internal error" in done.stderr:
        raise RunError(f"{folder.name}: exit code {done.returncode}\n{done.stderr.strip()}")
    found: Found = json.loads(done.stdout)
    return found


def codes(found: Found) -> Counter[str]:
    return Counter(item["code"] for item in found)


def to_fix(found: Found) -> list[str]:
    return [
        f"{item['filename']}:{item['location']['row']}: {item['code']}"
        for item in found
        if item["fix"] and item["fix"]["applicability"] != "displayonly"
    ]


def changed_files(before: Path, after: Path) -> Iterator[Path]:
    """The files below `after` that differ from those below `before`, or are new."""
    for path in sorted(after.rglob("*")):
        old = before / path.relative_to(after)
        if path.is_file() and not (old.is_file() and filecmp.cmp(old, path, shallow=False)):
            yield path


def fix_copy(application: Path, copy: Path) -> tuple[str, list[str]]:
    """Fixes a copy of an application; gives a line of numbers, and what went wrong."""
    # Links may point out of the copy.
    shutil.copytree(application, copy, symlinks=True)
    before = lint(copy)
    lint(copy, "--fix", "--unsafe-fixes")
    after = lint(copy)
    wrong = [f"still to be fixed: {place}" for place in to_fix(after)]
    changed = list(changed_files(application, copy))
    for path in changed:
        try:
            ast.parse(path.read_bytes())
        except (SyntaxError, ValueError) as error:
            wrong.append(f"no longer parses: {path}: {error}")
    line = (
        f"{len(before)} findings, {len(to_fix(before))} with a fix, {len(after)} left, "
        f"{len(changed)} files changed"
    )
    new = codes(after) - codes(before)
    if new:
        line += f", new: {', '.join(f'{code} ({count})' for code, count in sorted(new.items()))}"
    return line, wrong


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Fix copies of the pinned applications.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: every application")
    parser.add_argument("--into", type=Path, default=default_folder(), metavar="DIR")
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="archives downloaded before")
    options = parser.parse_args(arguments)
    status = 0
    for pin in chosen_pins(options.names):
        with tempfile.TemporaryDirectory() as folder:
            application = fetch(pin, options.into, options.wheels)
            line, wrong = fix_copy(application, Path(folder) / application.name)
        print(f"{pin.name}: {line}", flush=True)
        for text in wrong:
            print(f"    {text}", flush=True)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
