"""The flake8 face.

flake8 asks about one file at a time and may do so in several processes.  The project is
analysed once, in `parse_options`, before workers are forked; each file's findings are then
looked up.  Text on standard input is analysed in the place of the file that it stands for.
Nothing is ever raised: flake8 would lose the results of all other plugins.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from . import __version__

if TYPE_CHECKING:
    import argparse

    from flake8.options.manager import OptionManager

    from .rule import Finding, Rule
    from .run import Request

Reported = tuple[int, int, str, type[Any]]


class Plugin:
    """Reports the findings of stable rules in one file."""

    name = "flake8-celery"
    version = __version__
    status = "stable"

    # By absolute path; a plugin's class is all that flake8 hands to its workers.
    _findings: dict[str, list[Finding]] | None = None
    _options: argparse.Namespace | None = None

    def __init__(self, tree: object, filename: str, lines: list[str]) -> None:
        self.filename = filename
        self.lines = lines

    @classmethod
    def add_options(cls, manager: OptionManager) -> None:
        """Declares the options that flake8 has in common with `flake8-celery check`."""
        from .config import OPTIONS

        for option in OPTIONS.values():
            if option.flake8:
                manager.add_option(
                    option.flake8,
                    default="",
                    parse_from_config=True,
                    comma_separated_list=option.kind == "list",
                    help=option.help,
                )
        codes = [rule.code for rule in _rules("stable") if not _on_by_default(rule)]
        if codes:
            manager.extend_default_ignore(codes)

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Analyses the project of the files that flake8 is going to ask about."""
        # A long-lived process (an editor's) calls this again for every look.
        Plugin._options = options
        Plugin._findings = None
        if _may_report(options) and "-" not in options.filenames:
            try:
                Plugin._findings = _analyse_all(options)
            except Exception as error:
                _warn(f"the project cannot be analysed: {type(error).__name__}: {error}")

    def run(self) -> Iterator[Reported]:
        """The findings of this file: (row, 0-based column, "CODE message", class)."""
        try:
            findings = self._findings_here()
        except Exception as error:
            _warn(f"{self.filename}: {type(error).__name__}: {error}")
            return
        for row, column, text in findings:
            yield row, column, text, type(self)

    def _findings_here(self) -> list[tuple[int, int, str]]:
        options = Plugin._options
        if options is None or not _may_report(options):
            return []
        path = os.path.abspath(self.filename)
        if "-" in options.filenames:
            found = _analyse_text(self.filename, "".join(self.lines), options)
        else:
            found = (Plugin._findings or {}).get(path, [])
        kept = [f for f in found if self._reports(f.code, options)]
        if kept and not getattr(options, "disable_noqa", False):
            kept = self._not_silenced(kept)
        return [(f.span[0], f.span[1] - 1, f"{f.code} {f.message}") for f in kept]

    def _reports(self, code: str, options: argparse.Namespace) -> bool:
        from .rule import RULES

        rule = RULES[code]
        return rule.status == self.status and _is_selected(rule, options)

    def _not_silenced(self, findings: list[Finding]) -> list[Finding]:
        """Without those that a `# ruff:` comment silences; flake8 does `# noqa` itself."""
        text = "".join(self.lines)
        if "ruff:" not in text:
            return findings
        from .source import Source
        from .suppress import Suppressions

        comments = Suppressions.of(Source.from_text(text, self.filename))
        return [f for f in findings if not comments.silences_in_plugin(f.code, f.name, f.span)]


class PreviewPlugin(Plugin):
    """Reports the findings of preview rules; runs only with `--enable-extensions CEP`."""

    name = "flake8-celery-preview"
    status = "preview"
    off_by_default = True

    @classmethod
    def add_options(cls, manager: OptionManager) -> None:
        """The options are those of `Plugin`."""

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """The project is analysed by `Plugin`."""


def _rules(status: str | None = None) -> list[Rule]:
    from .rule import load_rules

    return [rule for rule in load_rules().values() if status in (None, rule.status)]


def _on_by_default(rule: Rule) -> bool:
    from .rule import ON_BY_DEFAULT

    return rule.category in ON_BY_DEFAULT


def _is_selected(rule: Rule, options: argparse.Namespace) -> bool:
    """Whether a rule was asked for, or is on where nothing was.  flake8 itself forgets that a code
    is ignored by default as soon as the user ignores another."""
    if _on_by_default(rule) and not options.select:
        return True
    return any(rule.code.startswith(prefix) for prefix in _selectors(options))


def _is_ignored(rule: Rule, options: argparse.Namespace) -> bool:
    """Whether the user's options ignore a rule, as flake8 decides: the longest prefix wins."""
    ignored = [
        *(getattr(options, "ignore", None) or ()),
        *(getattr(options, "extend_ignore", None) or ()),
    ]

    def longest(prefixes: list[str]) -> int:
        return max((len(p) for p in prefixes if rule.code.startswith(p)), default=0)

    return 0 < longest(ignored) >= longest(_selectors(options))


def _selectors(options: argparse.Namespace) -> list[str]:
    return [*(options.select or ()), *(options.extend_select or ())]


def _may_report(options: argparse.Namespace) -> bool:
    """Whether any of our codes can be selected; flake8 runs every plugin all the same."""
    return not options.select or any(
        s.startswith("CEL") or "CEL".startswith(s) for s in _selectors(options)
    )


def _analyse_all(options: argparse.Namespace) -> dict[str, list[Finding]]:
    """The findings of all projects that the arguments of flake8 belong to."""
    from .files import find_root

    by_root: dict[str, list[str]] = {}
    for path in options.filenames or ["."]:
        by_root.setdefault(find_root(path), []).append(os.path.abspath(path))
    found: dict[str, list[Finding]] = {}
    for root, paths in by_root.items():
        _analyse(_request(root, paths, options), options, found)
    return found


def _analyse_text(name: str, text: str, options: argparse.Namespace) -> list[Finding]:
    """The findings of a text that stands for the file `name`, or for none."""
    from .files import Overlay, find_root

    if name in ("-", "stdin"):
        return _analyse_alone(text)
    path = os.path.abspath(name)
    root = find_root(path)
    overlay = Overlay()
    overlay.put(path, text)
    request = _request(root, [path], options)._replace(
        overlay=overlay, extra_paths=(path,), wanted=frozenset({_relative(path, root)}).__contains__
    )
    found: dict[str, list[Finding]] = {}
    _analyse(request, options, found)
    return found.get(path, [])


def _analyse_alone(text: str) -> list[Finding]:
    """The findings of a text of which not even the place is known: nothing can be said of what
    other files do with it."""
    from .extract import extract
    from .project import Project
    from .run import judge
    from .source import Source

    rules = _rules()
    facts = {"stdin.py": extract(Source.from_text(text, "stdin.py"))}
    project = Project(facts, ["stdin.py"], facts.get)
    return judge(project, rules, None, _warn)[0]


def _relative(path: str, root: str) -> str:
    from .run import relative

    return relative(path, root)


def _request(root: str, paths: list[str], options: argparse.Namespace) -> Request:
    from . import config
    from .run import request_for

    values = config.find(root)
    request = request_for(root, values)
    target = getattr(options, "celery_version", "")
    given = {
        name: config.given_to_flake8(
            name, getattr(options, f"celery_{name.replace('-', '_')}", None)
        )
        for name in config.FOR_ANALYSIS
    }
    only_files = all(os.path.isfile(path) for path in paths)
    return request._replace(
        wanted=frozenset(_relative(p, root) for p in paths).__contains__ if only_files else None,
        extra_paths=tuple(path for path in paths if path != root and os.path.exists(path)),
        celery=config.celery_span(target) or request.celery,
        options={**request.options, **{name: said for name, said in given.items() if said}},
        ignore_suppressions=getattr(options, "disable_noqa", False),
        # flake8 does that.
        silence=False,
    )


def _analyse(
    request: Request, options: argparse.Namespace, found: dict[str, list[Finding]]
) -> None:
    from .run import analyse
    from .selection import Everywhere

    class AsFlake8Selects(Everywhere):
        """All rules, of which flake8 shows what it selects."""

        def key(self) -> str:
            return "flake8: " + " ".join(code for code in self._rules if self.runs("", code))

        def runs(self, path: str, code: str) -> bool:
            rule = self._rules[code]
            return rule.status != "stable" or (
                _is_selected(rule, options) and not _is_ignored(rule, options)
            )

    analysis = analyse(request, AsFlake8Selects(_rules()))
    for warning in analysis.warnings:
        _warn(warning)
    for finding in analysis.findings:
        path = os.path.normpath(os.path.join(request.root, finding.path))
        found.setdefault(path, []).append(finding)


def _warn(message: str) -> None:
    print(f"warning: flake8-celery: {message}", file=sys.stderr)
