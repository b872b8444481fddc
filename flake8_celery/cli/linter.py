"""`flake8-celery linter`: the linters that rules come from, which is one."""

from __future__ import annotations

import argparse


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the subcommand and its flags."""
    parser.set_defaults(run=linters)
    parser.add_argument("--output-format", choices=("text", "json"), default="text")


def linters(arguments: argparse.Namespace) -> int:
    """Prints the prefix of our codes and our name."""
    if arguments.output_format == "json":
        import json

        url = "https://pypi.org/project/flake8-celery/"
        print(json.dumps([{"prefix": "CEL", "name": "flake8-celery", "url": url}], indent=2))
    else:
        print("CEL flake8-celery")
    return 0
