"""`python -m flake8_celery` and the script `flake8-celery`."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

# With `-m` the working directory comes first: a project's `json.py` would be imported and run.
if not sys.flags.safe_path and sys.path and os.path.abspath(sys.path[0]) == os.getcwd():
    del sys.path[0]

from .cli import main


def run() -> NoReturn:
    """Runs the command and ends the process with its exit code.

    The end comes at once: taking a million facts apart, one by one, only to end would take a
    sixth of a cold run."""
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            # Closed by whoever has read enough.
            pass
    os._exit(code)


if __name__ == "__main__":
    run()
