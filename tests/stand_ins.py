"""Rules that stand in for real ones, so that tests of the faces wait for no real rule.

A call of one of the names below in any file that imports Celery is a finding.  `across(name)` is
one when `name` is a function of another file, as an example of what shows only across files.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flake8_celery.extract.observe import OBSERVERS, observe
from flake8_celery.project.names import Definition
from flake8_celery.rule import (
    CORRECTNESS,
    PEDANTIC,
    PREVIEW,
    RULES,
    SAFE,
    SUSPICIOUS,
    UNSAFE,
    Edit,
    Related,
    Where,
    load_rules,
    report,
    rule,
)

MARKS = ("mended", "perhaps", "plain", "early", "picky")


def register() -> None:
    """Registers the rules and the observers they need, for good."""
    load_rules()

    @observe("Call")
    def marked(node: Any, site: Any) -> Iterator[tuple[Any, Any]]:
        name = getattr(node.func, "id", None)
        if name in MARKS:
            yield node, name
        elif name == "across" and node.args:
            yield node, ["across", site.expr(node.args[0])]

    def judged(name: str) -> Any:
        def judge(seen: Any, project: Any) -> Iterator[Any]:
            if seen.data == name:
                yield report(seen.where, fix=True, mark=name)

        return judge

    def make(code: str, name: str, category: str, **more: str) -> Any:
        says = "`{mark}` is called here"
        return rule(marked, code, f"celery-{name}-mark", category, says=says, **more)(judged(name))

    mended = make("CEL970", "mended", CORRECTNESS)
    perhaps = make("CEL971", "perhaps", SUSPICIOUS)
    make("CEL972", "plain", CORRECTNESS)
    make("CEL973", "early", CORRECTNESS, status=PREVIEW)
    make("CEL974", "picky", PEDANTIC)

    @rule(marked, "CEL975", "celery-across-mark", CORRECTNESS, says="`{name}` stands in `{place}`")
    def across(seen: Any, project: Any) -> Iterator[Any]:
        target = seen.resolve(seen.data[1]) if seen.data[0] == "across" else None
        if isinstance(target, Definition) and target.module is not seen.module:
            there = Where(target.module, target.facts.span)
            related = Related(there, "defined here")
            yield report(seen.where, related, name=target.facts.name, place=there.shown)

    @mended.fix(SAFE, "Remove the call")
    def remove_line(finding: Any, source: Any) -> Iterator[Edit]:
        yield Edit((finding.span[0], 1, finding.span[0] + 1, 1), "")

    @perhaps.fix(UNSAFE, "Call `surely`")
    def say_surely(finding: Any, source: Any) -> Iterator[Edit]:
        row, column, _, _ = finding.span
        yield Edit((row, column, row, column + len("perhaps")), "surely")


@contextmanager
def registered() -> Iterator[None]:
    """Adds the rules for a while."""
    load_rules()
    rules = dict(RULES)
    observers = {kind: list(watching) for kind, watching in OBSERVERS.items()}
    register()
    try:
        yield
    finally:
        for registry, before in ((RULES, rules), (OBSERVERS, observers)):
            registry.clear()
            registry.update(before)
