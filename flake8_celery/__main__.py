"""`python -m flake8_celery` and the script `flake8-celery`."""

from __future__ import annotations

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
