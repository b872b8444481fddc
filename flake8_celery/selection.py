"""Which rules run, where, and whose fixes count: selectors as ruff reads them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .celery.words import nearest
from .files import Patterns
from .rule import NOT_FIXABLE, ON_BY_DEFAULT, SAFE, STABLE, UNSAFE, Finding, Rule

if TYPE_CHECKING:
    from .config import Config


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

    Without a `select`, the stable rules of the categories that are on by default run."""
    default = {code for code, rule in rules.items() if rule.category in ON_BY_DEFAULT}
    chosen = _chosen(default, layers, rules)
    return [
        rule
        for code, rule in rules.items()
        if code in chosen and (preview or rule.status == STABLE)
    ]


def _chosen(start: set[str], layers: Sequence[Layer], rules: Mapping[str, Rule]) -> set[str]:
    """The codes that layers of selectors make of those in `start`.  In each layer the longest
    selector wins and, of equals, `ignore`; later layers change earlier ones, and a `select`
    starts anew (ruff_workspace/src/configuration.rs, `as_rule_table`)."""
    chosen = set(start)
    for layer in layers:
        if layer.select is not None:
            chosen = set()
        for code, verdict in _verdicts(layer, rules).items():
            (chosen.add if verdict else chosen.discard)(code)
    return chosen


def _verdicts(layer: Layer, rules: Mapping[str, Rule]) -> dict[str, bool]:
    verdicts: dict[str, bool] = {}
    wanted = [*(layer.select or ()), *layer.extend_select]
    for selector, verdict in sorted(
        [*((s, True) for s in wanted), *((s, False) for s in layer.ignore)],
        key=lambda pair: (_length(pair[0]), not pair[1]),
    ):
        for code in rules_of(selector, rules):
            verdicts[code] = verdict
    return verdicts


def _length(selector: str) -> int:
    """How specific a selector is; a name counts as a whole code."""
    return {"ALL": 0}.get(selector, len(selector) if selector.startswith("CEL") else 6)


SELECTORS = (
    "select extend-select ignore extend-ignore fixable extend-fixable unfixable extend-unfixable "
    "extend-safe-fixes extend-unsafe-fixes"
).split()


def check_selectors(settings: Config, rules: Mapping[str, Rule]) -> None:
    """Raises SelectorError for a selector in `settings` that selects nothing; its text says
    where that is written."""
    for layer in settings.layers():
        said = [(key, layer.values.get(key) or ()) for key in SELECTORS]
        for key in ("per-file-ignores", "extend-per-file-ignores"):
            said += [(key, selectors) for selectors in layer.values.get(key, {}).values()]
        for key, selectors in said:
            for selector in selectors:
                try:
                    rules_of(selector, rules)
                except SelectorError as error:
                    error.args = (f"{error} in `{key}` from {layer.place(key)}{error.hint}",)
                    raise


class FileRules:
    """What one configuration says of the files that it is for."""

    __slots__ = ("_ignores", "codes", "fixable", "safety", "written")

    def __init__(self, settings: Config, rules: Mapping[str, Rule]) -> None:
        """Raises SelectorError."""
        check_selectors(settings, rules)
        said = [layer.values for layer in settings.layers()]
        chosen = select(
            rules,
            [
                Layer(
                    one.get("select"),
                    one.get("extend-select", ()),
                    [*one.get("ignore", ()), *one.get("extend-ignore", ())],
                )
                for one in said
            ],
            settings.get("preview"),
        )
        #: The codes of the rules that run, those whose fixes count, and the applicability of
        #: fixes that is not the rule's own.
        self.codes = frozenset(rule.code for rule in chosen)
        fixable = [
            Layer(
                one.get("fixable"),
                one.get("extend-fixable", ()),
                [*one.get("unfixable", ()), *one.get("extend-unfixable", ())],
            )
            for one in said
        ]
        self.fixable = frozenset(_chosen(set(rules), fixable, rules))
        safety = Layer(
            extend_select=[s for one in said for s in one.get("extend-safe-fixes", ())],
            ignore=[s for one in said for s in one.get("extend-unsafe-fixes", ())],
        )
        self.safety = {
            code: SAFE if safe else UNSAFE for code, safe in _verdicts(safety, rules).items()
        }
        self._ignores = [
            (
                Patterns((ignore.pattern.removeprefix("!"),), ignore.folder),
                ignore.pattern.startswith("!"),
                frozenset(code for s in ignore.selectors for code in rules_of(s, rules)),
            )
            for ignore in settings.ignores()
        ]
        #: All of this as text: how findings are shown changes nothing of it.
        self.written = repr(
            (
                sorted(self.codes),
                sorted(self.fixable),
                sorted(self.safety.items()),
                [(i.pattern, i.folder, list(i.selectors)) for i in settings.ignores()],
            )
        )

    def runs(self, path: str, code: str) -> bool:
        """Whether a rule runs in the file at an absolute path."""
        return code in self.codes and not any(
            code in codes and pattern.match(os.path.basename(path), path) != negated
            for pattern, negated, codes in self._ignores
        )


class Everywhere:
    """Some rules, in every file."""

    __slots__ = ("_rules",)

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = {rule.code: rule for rule in rules}

    def choose(self, folders: Iterable[str]) -> list[Rule]:
        """The rules that run anywhere; `folders` (absolute) are those that hold a configuration
        file.  Raises SelectorError and ConfigError."""
        return list(self._rules.values())

    def key(self) -> str | None:
        """What is equal for policies that choose alike, once they have chosen; None: not known."""
        return None

    def runs(self, path: str, code: str) -> bool:
        """Whether a rule runs in the file at a path relative to the root."""
        return True

    def settled(self, finding: Finding) -> Finding:
        """The finding with the fix that its file's configuration lets it have."""
        return finding


class Policy(Everywhere):
    """Which rules run in which files of a project: a file obeys the configuration file closest
    to it.

    `root` is the project's folder, and `of_root` are the rules of its own configuration; `at`
    gives those of the configuration file in a folder below, None where that does not count."""

    __slots__ = ("_at", "_by_folder", "_root")

    def __init__(
        self,
        rules: Mapping[str, Rule],
        root: str,
        of_root: FileRules,
        at: Callable[[str], FileRules | None],
    ) -> None:
        super().__init__(rules.values())
        self._root = root
        self._at = at
        self._by_folder: dict[str, FileRules] = {root: of_root}

    def choose(self, folders: Iterable[str]) -> list[Rule]:
        for folder in folders:
            if folder != self._root:
                known = self._at(folder)
                if known is not None:
                    self._by_folder[folder] = known
        codes = {code for known in self._by_folder.values() for code in known.codes}
        return [rule for code, rule in self._rules.items() if code in codes]

    def key(self) -> str:
        return repr(sorted((folder, known.written) for folder, known in self._by_folder.items()))

    def _for(self, path: str) -> tuple[FileRules, str]:
        whole = os.path.normpath(os.path.join(self._root, path))
        folder = os.path.dirname(whole)
        while len(self._by_folder) > 1 and folder not in self._by_folder:
            above = os.path.dirname(folder)
            if above == folder:
                break
            folder = above
        return self._by_folder.get(folder, self._by_folder[self._root]), whole

    def runs(self, path: str, code: str) -> bool:
        rules, whole = self._for(path)
        return rules.runs(whole, code)

    def settled(self, finding: Finding) -> Finding:
        if finding.fix_data is None:
            return finding
        rules, _ = self._for(finding.path)
        if finding.code not in rules.fixable:
            return finding._replace(applicability=NOT_FIXABLE)
        return finding._replace(applicability=rules.safety.get(finding.code))
