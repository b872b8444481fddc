"""`python -m flake8_celery` and the script `flake8-celery`."""

from __future__ import annotations

import os
import sys

# With `-m` the working directory comes first: a project's `json.py` would be imported and run.
if not sys.flags.safe_path and sys.path and os.path.abspath(sys.path[0]) == os.getcwd():
    del sys.path[0]

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
