"""Runs one face with the stand-in rules: `python -m tests.launch [START_METHOD] TOOL ARGS...`.

`TOOL` is `flake8` or `flake8-celery`.  As the main module of a process it is imported again by
spawned workers, which so have the rules as well.
"""

from __future__ import annotations

import multiprocessing
import sys

from tests import stand_ins

stand_ins.register()


def main(arguments: list[str]) -> int:
    if arguments[0] in multiprocessing.get_all_start_methods():
        multiprocessing.set_start_method(arguments.pop(0))
    tool, *rest = arguments
    if tool == "flake8":
        from flake8.main.cli import main as flake8

        return flake8(rest)
    from flake8_celery.cli import main as command

    return command(rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
