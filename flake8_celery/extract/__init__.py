"""From one file's text to its facts: the one walk over the tree."""

from __future__ import annotations

from ..facts import Module, broken_module
from ..source import Source, SourceError


def extract(source: Source) -> Module:
    """The facts of one file.  A file that does not parse gives a module with a `problem`."""
    from .walk import Walk

    try:
        return Walk(source).module()
    except SourceError as error:
        return broken_module(error.message, error.row, error.column)
    except RecursionError:
        return broken_module("too deeply nested to analyse", 1, 1)
