"""Which rules run: selectors as ruff reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .celery.words import nearest
from .rule import ON_BY_DEFAULT, STABLE, Rule


class SelectorError(ValueError):
    """A selector that selects no rule; `hint` names the nearest that does, if there is one."""

    def __init__(self, selector: str, near: str | None) -> None:
        super().__init__(f"Unknown rule selector `{selector}`")
        self.hint = f", did you mean `{near}`?" if near else ""


class Layer(NamedTuple):
    """The selectors of one source, the configuration file or the command line.

    `select` is None where the source does not say; then what came before is changed."""

    select: Sequence[str] | None = None
    extend_select: Sequence[str] = ()
    ignore: Sequence[str] = ()


def rules_of(selector: str, rules: Mapping[str, Rule]) -> list[str]:
    """The codes that a selector means: `ALL`, `CEL`, a prefix of a code, a code or a name.

    Raises SelectorError when there is none."""
    if selector in ("ALL", "CEL"):
        return list(rules)
    by_name = [code for code, rule in rules.items() if rule.name == selector]
    if by_name:
        return by_name
    found = [code for code in rules if code.startswith(selector)] if selector[3:].isdigit() else []
    if not found:
        candidates = ["ALL", "CEL", *rules, *(rule.name for rule in rules.values())]
        raise SelectorError(selector, nearest(selector, candidates))
    return found


def select(rules: Mapping[str, Rule], layers: Sequence[Layer], preview: bool) -> list[Rule]:
    """The rules that run, in order of their codes.

    Without a `select`, the stable rules of the categories that are on by default run.  In each
    layer the longest selector wins and, of equals, `ignore`; later layers change earlier ones,
    and a `select` starts anew (ruff_workspace/src/configuration.rs, `as_rule_table`)."""
    chosen = {code for code, rule in rules.items() if rule.category in ON_BY_DEFAULT}
    for layer in layers:
        verdicts: dict[str, bool] = {}
        wanted = [*(layer.select or ()), *layer.extend_select]
        for selector, verdict in sorted(
            [*((s, True) for s in wanted), *((s, False) for s in layer.ignore)],
            key=lambda pair: (_length(pair[0]), not pair[1]),
        ):
            for code in rules_of(selector, rules):
                verdicts[code] = verdict
        if layer.select is not None:
            chosen = set()
        for code, verdict in verdicts.items():
            (chosen.add if verdict else chosen.discard)(code)
    return [
        rule
        for code, rule in rules.items()
        if code in chosen and (preview or rule.status == STABLE)
    ]


def _length(selector: str) -> int:
    """How specific a selector is; a name counts as a whole code."""
    return {"ALL": 0}.get(selector, len(selector) if selector.startswith("CEL") else 6)
