"""The pages of the rules: the only prose about a rule, shown by every face."""

from __future__ import annotations

import os

from .rule import Rule

PACKAGE = os.path.dirname(os.path.abspath(__file__))
# In an installed package, and in a checkout.
FOLDERS = (os.path.join(PACKAGE, "rule_docs"), os.path.join(os.path.dirname(PACKAGE), "rule_docs"))


def explanation(rule: Rule) -> str:
    """A rule's page without its title and its line of facts; empty when it is not installed."""
    for folder in FOLDERS:
        try:
            with open(os.path.join(folder, f"{rule.code}.md"), encoding="utf-8") as stream:
                return stream.read().split("\n", 3)[3].lstrip("\n")
        except OSError:
            continue
    return ""
