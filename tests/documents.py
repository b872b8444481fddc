"""The documents that are made from the code: `python -m tests.documents` writes them anew."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from flake8_celery import config
from flake8_celery.cli.config import sentence, toml
from flake8_celery.config import OPTIONS, TYPES
from flake8_celery.rule import ON_BY_DEFAULT, Rule, load_rules
from flake8_celery.rules import BANDS

from .pages import ROOT

CATEGORIES = {
    "correctness": "provably wrong",
    "suspicious": "most likely wrong",
    "security": "lets others in",
    "performance": "costs more than it needs to",
    "complexity": "harder than it needs to be",
    "style": "reads better otherwise",
    "pedantic": "right, and yet a matter of opinion or of care",
    "restriction": "acts only where the project asks for it",
}
INDEX_HEAD = """\
# Rules

Every rule has a page with what it finds, why, an example, and what it leaves alone. This index is
made from the code by `python -m tests.documents`.

See also the [configuration](configuration.md), and how to come here
[from flake8-pie](migrating-from-flake8-pie.md).
"""
CONFIGURATION_HEAD = """\
# Configuration

Settings stand in `.flake8-celery.toml`, in `flake8-celery.toml`, or in the table
`[tool.flake8-celery]` of `pyproject.toml`. In a folder the first of these counts; of the folders,
the closest to a file. Nothing is merged, except where a file names another with
[`extend`](#extend). Keys that ruff has in its `lint` table may stand in a `lint` table here, too.

What a file defines, imports and configures is seen by all files of its project, so what is read and
how (`exclude`, `extend-exclude`, `respect-gitignore`, `src`, `cache-dir`, `target-celery`,
`task-decorators`, `extra-settings`, `late-ack-tasks`, `beat-stampede`) is decided once for a
project, by the configuration closest to its folder: the nearest folder at or above the given path
that has a repository or a configuration file. Which rules run in a file, and whose fixes count, is
decided by the configuration file closest to that file. `fix`, `unsafe-fixes`, `fix-only`,
`show-fixes`, `force-exclude` and `output-format`
are those of the working directory.

`exclude`, `extend-exclude` and `src` are taken from ruff's configuration where ours does not set
them. A mistake in a configuration file ends `flake8-celery check` with exit code 2.

flake8 chooses rules itself, with its own options. It takes from these files what decides how a
project is read, and has options of the same meaning for some of it, as noted below.

A project that uses ruff as well needs one line in ruff's configuration, or `ruff check --fix` may
remove comments that silence rules of this tool:

```toml
[tool.ruff.lint]
external = ["CEL", "celery-"]
```

A [JSON schema](../flake8_celery/flake8-celery.schema.json) of these files is part of the package.
"""


def band(rule: Rule) -> str:
    """The module of `flake8_celery.rules` that a rule stands in."""
    return rule.judge.__module__.split(".")[2]


def _row(rule: Rule) -> str:
    link = f"[{rule.code}]({rule.code}.md)"
    fix = rule.applicability or ""
    return f"| {link} | `{rule.name}` | {rule.category} | {rule.status} | {fix} |"


def index() -> str:
    """`rule_docs/README.md`: the rules by band, category and status."""
    rules = list(load_rules().values())
    parts = [INDEX_HEAD, "## By band\n"]
    for name in BANDS:
        of_band = [rule for rule in rules if band(rule) == name]
        if not of_band:
            continue
        module = importlib.import_module(f"flake8_celery.rules.{name}")
        title = (module.__doc__ or name).splitlines()[0].rstrip(".")
        rows = "\n".join(map(_row, of_band))
        head = "| Code | Name | Category | Status | Fix |\n|---|---|---|---|---|"
        parts.append(f"### {title}\n\n{head}\n{rows}\n")
    parts.append("## By category\n")
    for category, meaning in CATEGORIES.items():
        found = [rule for rule in rules if rule.category == category]
        if found:
            on = "on by default" if category in ON_BY_DEFAULT else "off by default"
            parts.append(f"**{category}** ({meaning}; {on}): {_links(found)}\n")
    parts.append("## By status\n")
    for status in ("stable", "preview"):
        found = [rule for rule in rules if rule.status == status]
        parts.append(f"**{status}** ({len(found)}): {_links(found) or 'none'}\n")
    return "\n".join(parts)


def _links(rules: list[Rule]) -> str:
    return ", ".join(f"[{rule.code}]({rule.code}.md)" for rule in rules)


def configuration() -> str:
    """`rule_docs/configuration.md`: every key of the configuration."""
    parts = [CONFIGURATION_HEAD]
    for name, option in OPTIONS.items():
        lines = [f"## {name}\n", f"{sentence(option)}\n"]
        lines += [f"- Type: `{TYPES[option.kind]}`", f"- Default: `{toml(option.default)}`"]
        if option.lint:
            lines.append(f"- Also: `lint.{name}`")
        if option.flake8:
            lines.append(f"- flake8: `{option.flake8}`")
        table = f"[tool.flake8-celery]\n{name} = {option.example}"
        parts.append("\n".join([*lines, f"\n```toml\n{table}\n```\n"]))
    return "\n".join(parts)


def schema() -> str:
    """`flake8-celery.schema.json`."""
    return json.dumps(config.schema(), indent=2) + "\n"


def documents() -> Iterator[tuple[Path, str]]:
    """Where each document is, and what it says."""
    yield ROOT / "rule_docs" / "README.md", re.sub(r"\n{3,}", "\n\n", index())
    yield ROOT / "rule_docs" / "configuration.md", re.sub(r"\n{3,}", "\n\n", configuration())
    yield ROOT / "flake8_celery" / "flake8-celery.schema.json", schema()


if __name__ == "__main__":
    for path, text in documents():
        path.write_text(text, encoding="utf-8")
