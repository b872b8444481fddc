"""`flake8-celery rule CODE | --all`: what a rule is about."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from .. import pages
from ..rule import PREVIEW, Rule, load_rules
from . import UsageError

AVAILABILITY = {None: "None", "safe": "Sometimes", "unsafe": "Sometimes"}


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the subcommand and its flags."""
    parser.set_defaults(run=explain)
    parser.add_argument("rule", nargs="?", metavar="RULE", help="a code or a name")
    parser.add_argument("--all", action="store_true", help="explain all rules")
    parser.add_argument("--output-format", choices=("text", "json"), default="text")


def explain(arguments: argparse.Namespace) -> int:
    """Prints one rule's page, or all; returns the exit code."""
    rules = load_rules()
    if bool(arguments.rule) == arguments.all:
        raise UsageError("give one rule, or --all")
    if arguments.all:
        chosen = list(rules.values())
    else:
        chosen = [r for r in rules.values() if arguments.rule in (r.code, r.name)]
        if not chosen:
            print(
                f"error: invalid value '{arguments.rule}' for '[RULE]'\n\n"
                "For more information, try '--help'.",
                file=sys.stderr,
            )
            return 2
    if arguments.output_format == "text":
        print("\n".join(text(rule) for rule in chosen))
        return 0
    import json

    records = [record(rule) for rule in chosen]
    print(json.dumps(records if arguments.all else records[0], indent=2))
    return 0


def fix_sentence(rule: Rule) -> str:
    """Whether there is a fix, in ruff's words."""
    return "Fix is sometimes available." if rule.fixer else ""


def text(rule: Rule) -> str:
    """A rule's page as `rule` prints it."""
    head = [f"# {rule.name} ({rule.code})", "Derived from the **flake8-celery** linter."]
    if rule.fixer:
        head.append(fix_sentence(rule))
    if rule.status == PREVIEW:
        head.append("This rule is in preview and is not stable. It needs the `--preview` flag.")
    return "\n\n".join([*head, pages.explanation(rule)])


def record(rule: Rule) -> dict[str, Any]:
    """A rule as `rule --output-format json` prints it, with ruff's keys."""
    return {
        "name": rule.name,
        "code": rule.code,
        "linter": "flake8-celery",
        "summary": rule.says,
        "message_formats": [rule.says],
        "fix": fix_sentence(rule),
        "fix_availability": AVAILABILITY[rule.applicability],
        "explanation": pages.explanation(rule),
        "preview": rule.status == PREVIEW,
        "status": {"Preview" if rule.status == PREVIEW else "Stable": {"since": "0.1.0"}},
        "category": rule.category,
        "source_location": {
            "file": rule.judge.__module__.replace(".", "/") + ".py",
            "line": rule.judge.__code__.co_firstlineno,
        },
    }
