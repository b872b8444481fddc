"""`flake8-celery version`."""

from __future__ import annotations

import argparse
from typing import Any

from .. import __version__


def add(subcommands: Any) -> None:
    """Declares the subcommand and its flags."""
    parser = subcommands.add_parser("version", help="show the version")
    parser.set_defaults(run=version)
    parser.add_argument("--output-format", choices=("text", "json"), default="text")


def version(arguments: argparse.Namespace) -> int:
    """Prints the version."""
    if arguments.output_format == "json":
        import json

        print(json.dumps({"version": __version__, "commit_info": None}))
    else:
        print(f"flake8-celery {__version__}")
    return 0
