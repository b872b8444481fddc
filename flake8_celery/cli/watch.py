"""`check --watch`: runs again whenever a file of the project changes.

What changes in one file may be found in others, so every run is about all of them; the facts of
files that have not changed come from the cache."""

from __future__ import annotations

import argparse
import os
import sys
import time

from .. import run
from ..diagnostic import Texts
from ..files import CONFIG_FILES, read
from . import UsageError
from .check import (
    absolute_paths,
    check_all,
    errors,
    from_stdin,
    groups,
    print_all,
    request_of,
    tell,
)
from .flags import Configs

INTERVAL = 0.2
CLEAR = "\x1b[H\x1b[2J\x1b[3J"


def watch(arguments: argparse.Namespace) -> int:
    """Lints until it is interrupted."""
    if from_stdin(arguments):
        raise UsageError("No path was found.")
    # As in ruff: nothing is fixed behind the back of an editor, and there is no summary.
    arguments.fix = arguments.fix_only = arguments.diff = False
    quiet, arguments.quiet = arguments.quiet, True
    _say("Starting linter in watch mode...", clear=True)
    while True:
        before = _stamps(arguments)
        configs = Configs(arguments)
        texts = Texts(read)
        checked = check_all(arguments, configs, None, absolute_paths(arguments), texts)
        arguments.quiet = quiet
        tell(checked, arguments)
        arguments.quiet = True
        if not arguments.silent:
            _say(f"Found {errors(len(checked.shown))}. Watching for file changes.")
            if checked.shown:
                print_all(checked, texts, arguments, sys.stdout)
        sys.stdout.flush()
        while _stamps(arguments) == before:
            time.sleep(INTERVAL)
        _say("File change detected...", clear=True)


def _say(message: str, clear: bool = False) -> None:
    stamp = time.strftime("%I:%M:%S %p")
    print(f"{CLEAR if clear else ''}[{stamp}] {message}\n", flush=True)


def _stamps(arguments: argparse.Namespace) -> dict[str, tuple[int, int]]:
    """Time and size of every file that the findings may depend on."""
    configs = Configs(arguments)
    stamps: dict[str, tuple[int, int]] = {}
    for group in groups(absolute_paths(arguments), configs):
        found = run.discover(request_of(group, arguments, None), {}, lambda message: None)
        for entry in (*found.python, *found.deployment):
            stamps[entry.path] = (entry.mtime_ns, entry.size)
        for folder in {group.root, *found.configured}:
            for path in (os.path.join(folder, name) for name in CONFIG_FILES):
                try:
                    status = os.stat(path)
                except OSError:
                    continue
                stamps[path] = (status.st_mtime_ns, status.st_size)
    return stamps
