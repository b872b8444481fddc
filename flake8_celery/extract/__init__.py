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
        if may_suppress(source.text, named=True):
            seen = {SUPPRESSES: [Observation(0, 0, (1, 1, 1, 1), None)]}
            return module._replace(observations={**module.observations, **seen})
        return module
    except SourceError as error:
        return broken_module(error.message, error.row, error.column)
    except RecursionError:
        return broken_module("too deeply nested to analyse", 1, 1)


_OURS = ("CEL", "celery-")


def may_suppress(text: str, named: bool = False) -> bool:
    """Whether a text may hold a comment that silences rules of ours, with `named` one that names
    them: cheap, and True in doubt.

    `# noqa: E501` on every other line does not, and finding the comments takes a tokenizer."""
    lowered = text.lower()
    if not any(word in lowered for word in ("noqa", "ruff", "flake8")):
        return False
    comments = [line.partition("#")[2] for line in text.split("\n") if "#" in line]
    return any(
        _may_silence(comment) and (_names_ours(comment) or not named) for comment in comments
    )


def _names_ours(text: str) -> bool:
    return any(name in text for name in _OURS)


def _may_silence(comment: str) -> bool:
    lowered = comment.lower()
    if "ruff" in lowered or "flake8" in lowered:
        return True
    for start in comment.replace("NOQA", "noqa").split("noqa")[1:]:
        code = start[1:].lstrip(" ")
        number = code.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        coded = start[:1] == ":" and number != code and number[:1].isdigit()
        if not coded or _names_ours(start):
            return True
    # Spelled as nobody spells it.
    return lowered.count("noqa") != comment.count("noqa") + comment.count("NOQA")
