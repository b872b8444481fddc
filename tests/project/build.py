"""A project from a few texts, for tests of the join."""

from __future__ import annotations

from textwrap import dedent

from flake8_celery.extract import extract
from flake8_celery.facts import Module
from flake8_celery.files import looks_relevant
from flake8_celery.project import Project
from flake8_celery.rule import load_rules
from flake8_celery.source import Source


def project(files: dict[str, str] | None = None, **texts: str) -> Project:
    """A project of the given files: `project({"shop/tasks.py": "..."})`, or `project(tasks="...")`
    for `tasks.py`.  Texts are dedented; files that do not speak of Celery are read on demand, as
    in a real run."""
    load_rules()
    sources = {f"{name}.py": text for name, text in texts.items()} | (files or {})
    facts: dict[str, Module] = {
        path: extract(Source.from_text(dedent(text), path)) for path, text in sources.items()
    }
    relevant = {
        path: module
        for path, module in facts.items()
        if looks_relevant(dedent(sources[path]).encode())
    }
    return Project(
        relevant,
        sources,
        facts.get,
        lambda path: dedent(sources[path]).encode(),
    )
