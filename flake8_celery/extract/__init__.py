"""From one file's text to its facts: the one walk over the tree."""

from __future__ import annotations

from ..facts import Module, Observation, broken_module
from ..source import Source, SourceError

SUPPRESSES = "suppresses"
"""The observation, of a file as a whole, that comments in it may silence rules of ours."""


def extract(source: Source) -> Module:
    """The facts of one file.  A file that does not parse gives a module with a `problem`."""
    from .walk import Walk

    try:
        module = Walk(source).module()
        if _may_suppress(source.text):
            seen = {SUPPRESSES: [Observation(0, 0, (1, 1, 1, 1), None)]}
            return module._replace(observations={**module.observations, **seen})
        return module
    except SourceError as error:
        return broken_module(error.message, error.row, error.column)
    except RecursionError:
        return broken_module("too deeply nested to analyse", 1, 1)


def _may_suppress(text: str) -> bool:
    if not ("noqa" in text.lower() or "ruff" in text):
        return False
    names = ("celery-", *(f"CEL{digit}" for digit in "0123456789"))
    if not any(name in text for name in names):
        return False
    # A name in a comment, not the name of a queue in a file with comments for others.
    comments = [line.partition("#")[2] for line in text.splitlines() if "#" in line]
    return any(
        ("noqa" in comment.lower() or "ruff" in comment) and any(name in comment for name in names)
        for comment in comments
    )
