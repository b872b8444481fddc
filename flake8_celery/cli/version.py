"""`flake8-celery version`."""

from __future__ import annotations

import argparse

from .. import __version__


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the subcommand and its flags."""
    parser.set_defaults(run=version)
    parser.add_argument("--output-format", choices=("text", "json"), default="text")


def version(arguments: argparse.Namespace) -> int:
    """Prints the version."""
    if arguments.output_format == "json":
        import json

        print(json.dumps({"version": __version__, "commit_info": None}, indent=2))
    else:
        print(f"flake8-celery {__version__}")
    return 0
