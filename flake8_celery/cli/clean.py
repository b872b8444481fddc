"""`flake8-celery clean`: removes caches below the working directory."""

from __future__ import annotations

import argparse
import os
import sys

from ..config import OPTIONS


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the subcommand."""
    parser.set_defaults(run=clean)


def clean(arguments: argparse.Namespace) -> int:
    """Removes every cache folder of ours below the working directory."""
    import shutil

    name = OPTIONS["cache-dir"].default
    for folder, folders, _ in os.walk("."):
        if name in folders:
            folders.remove(name)
            path = os.path.normpath(os.path.join(folder, name))
            print(f"Removing cache at: {path}", file=sys.stderr)
            shutil.rmtree(path, ignore_errors=True)
    return 0
