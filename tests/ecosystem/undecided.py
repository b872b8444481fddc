"""What the rules could not decide about the pinned applications, and why.

    python tests/ecosystem/undecided.py [NAME ...] [--into DIR]     what is known, and the reasons
    python tests/ecosystem/undecided.py [NAME ...] --rules          for each rule as well

Prints Markdown.  Its output is kept in `resolution.md`, to be compared.
For each application: the share of dispatches linked to a task or canvas, of
options of decorators, of settings and of beat entries whose values are known, the findings and the
undecided judgements; then the reasons, places stripped, the most frequent first.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from fetch import FetchError, chosen_pins, default_folder, fetch
from flake8_celery import run
from flake8_celery.cache import NoCache
from flake8_celery.project import Project
from flake8_celery.project.apps import App
from flake8_celery.project.dispatch import SENDING, dispatch_at, task_of_expr
from flake8_celery.project.names import Definition, External, Nothing, ParameterRef
from flake8_celery.project.schedule import BeatEntry
from flake8_celery.project.setting import Setting
from flake8_celery.project.subject import is_test_path
from flake8_celery.project.tasks import Task
from flake8_celery.project.values import Made, Typed, Unknown, Value, each
from flake8_celery.rule import ON_BY_DEFAULT, STABLE, Rule, Undecided, load_rules

PLACE = re.compile(r"( at| of| in)? [\w./-]+\.pyi?:\d+")
PATH = re.compile(r"[\w./-]+\.pyi?\b")
SHOWN = 6


class Share(NamedTuple):
    """How many of some things are known, and why the others are not."""

    known: int
    all: int
    reasons: Counter[str]

    def __str__(self) -> str:
        return f"{self.known}/{self.all} ({self.known / self.all:.0%})" if self.all else "-"


class Judged(NamedTuple):
    """What one rule said about one application."""

    subjects: int
    findings: int
    undecided: int
    reasons: Counter[str]


def plain(reason: str) -> str:
    """A reason without the places in it, so that equal ones can be counted together."""
    return PATH.sub("a file", PLACE.sub("", reason))


def project_of(folder: Path) -> Project:
    """The project of an application."""
    request = run.Request(str(folder))
    discovered = run.discover(request, {}, print)
    collected = run.collect(request, NoCache(), run.look(request, NoCache(), discovered))
    return Project(collected.facts, collected.python_files, collected.load, collected.read)


def judge(project: Project, rules: Iterable[Rule]) -> dict[str, Judged]:
    """What each rule says, by code; the most telling first is up to the caller."""
    found: dict[str, Judged] = {}
    for rule in rules:
        kind = rule.subject
        subjects: list[Any] = project.all(kind) if isinstance(kind, type) else project.seen(kind)
        places: set[tuple[Any, ...]] = set()
        reasons: Counter[str] = Counter()
        for subject in subjects:
            try:
                for answer in rule(subject, project):
                    places.add((answer.where.module.path, tuple(answer.where.span)))
            except Undecided as why:
                reasons[plain(str(why))] += 1
        found[rule.code] = Judged(len(subjects), len(places), reasons.total(), reasons)
    return found


def share(things: Iterable[object], check: Callable[[Any], object]) -> Share:
    """The things for which `check` does not raise Undecided."""
    known = total = 0
    reasons: Counter[str] = Counter()
    for thing in things:
        total += 1
        try:
            check(thing)
            known += 1
        except Undecided as why:
            reasons[plain(str(why))] += 1
    return Share(known, total, reasons)


def decided(value: Value | None) -> None:
    """Raises Undecided when a value, or something in it, is neither known nor of a known type."""
    for part in each(value) if value is not None else ():
        if isinstance(part, Unknown):
            raise Undecided(part.describe())


def dispatches(project: Project, where: list[str] | None = None) -> Share:
    """The calls outside of tests that look like dispatches and are linked to a task or canvas;
    the places of the others, with the reason, go into `where`."""
    where = [] if where is None else where

    def check(place: tuple[Any, int, Any]) -> None:
        module, scope, call = place
        try:
            linked(module, scope, call)
        except Undecided as why:
            where.append(f"`{module.path}:{call[1][0]}` {plain(str(why))}")
            raise

    def linked(module: Any, scope: int, call: Any) -> None:
        made = dispatch_at(project, module, call)
        if made is not None and (made.task is not None or made.canvas is not None):
            return
        receiver = call[2][2]
        if task_of_expr(project, module, scope, receiver) is not None:
            return
        target = project.names.resolve(receiver, module, scope)
        if made is not None:
            raise Undecided("a task of another name, or one that is not the project's")
        if isinstance(target, ParameterRef):
            raise Undecided("a parameter")
        if isinstance(target, Nothing):
            raise Undecided(target.why)
        if isinstance(target, External):
            raise Undecided("something from outside of the project")
        raise Undecided(f"a {type(target).__name__.lower()} that is no task")

    return share([place for place in _looks_sent(project) if not other(project, *place)], check)


def other(project: Project, module: Any, scope: int, call: Any) -> bool:
    """Whether a call sends no task for sure: `super().apply_async()` in a class that overrides it,
    or a method of that name of an object whose class in the project has it."""
    receiver, name = call[2][2], call[2][3]
    if receiver[0] == "call" and tuple(receiver[2][::2]) == ("name", "super"):
        return True
    made = project.values.evaluate(receiver, module, scope)
    if not isinstance(made, Made) or not isinstance(made.callee, Definition):
        return False
    return isinstance(project.names.class_attribute(made.callee, name), Definition)


def _looks_sent(project: Project) -> Iterator[tuple[Any, int, Any]]:
    for module in project.modules:
        if is_test_path(module.path):
            continue
        for expression in module.facts.expressions:
            call = expression.expr
            if call[0] == "call" and call[2][0] == "attr" and call[2][3] in SENDING:
                yield module, expression.scope, call


def options(project: Project) -> Share:
    """The options that decorators of tasks give."""
    given = [value for task in project.all(Task) for value in task.options.values()]
    return share(given, decided)


def signatures(project: Project) -> Share:
    """The tasks of which it is known what callers must pass."""
    return share(project.all(Task), lambda task: task.signature)


def settings(project: Project) -> Share:
    """The settings that Celery reads, a typed look-up in the environment included."""
    given = [s for s in project.all(Setting) if not s.in_test and any(_names(s))]
    return share(given, lambda setting: decided(setting.value))


def _names(setting: Setting) -> Iterator[str | None]:
    for legacy in (True, False):
        yield setting.name_in(legacy)


def configurations(project: Project) -> Share:
    """The apps of which it is known that no setting is unseen."""

    def check(app: App) -> None:
        for reason in app.configuration.open_reasons:
            raise Undecided(reason)

    return share([app for app in project.all(App) if not app.in_test], check)


def entries(project: Project) -> Share:
    """The beat entries of which task and schedule are known."""

    def check(entry: BeatEntry) -> None:
        if entry.task_name is None:
            decided(entry.task_value)
            raise Undecided("the entry's task")
        schedule = entry.schedule
        if schedule is None or any(isinstance(part, Typed) for part in each(schedule)):
            return
        if entry.crontab is None and entry.interval is None:
            decided(schedule)

    return share([entry for entry in project.all(BeatEntry) if not entry.in_test], check)


SHARES = {
    "closed configurations": configurations,
    "settings": settings,
    "dispatches": dispatches,
    "options": options,
    "signatures": signatures,
    "beat entries": entries,
}


def row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def listed(reasons: Counter[str], most: int = SHOWN) -> str:
    """The most frequent reasons, in one line."""
    return "; ".join(
        f"{count} {reason}".replace("|", "\\|") for reason, count in reasons.most_common(most)
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Say what is not decided, and why.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: every application")
    parser.add_argument("--into", type=Path, default=default_folder(), metavar="DIR")
    parser.add_argument("--rules", action="store_true", help="one table of rules for each")
    parser.add_argument("--all-rules", action="store_true", help="rules that are off, too")
    options = parser.parse_args(arguments)
    rules = [
        rule
        for rule in load_rules().values()
        if options.all_rules or (rule.status == STABLE and rule.category in ON_BY_DEFAULT)
    ]
    print(row(["application", *SHARES, "findings", "undecided"]))
    print(row(["---"] * (len(SHARES) + 3)))
    details: list[str] = []
    totals: list[dict[str, Share]] = []
    names: list[str] = []
    status = 0
    for pin in chosen_pins(options.names):
        try:
            project = project_of(fetch(pin, options.into))
        except FetchError as error:
            print(error)
            status = 2
            continue
        judged = judge(project, rules)
        places: list[str] = []
        dispatches(project, places)
        shares = {name: measure(project) for name, measure in SHARES.items()}
        totals.append(shares)
        names.append(pin.name)
        findings = sum(said.findings for said in judged.values())
        undecided = sum(said.undecided for said in judged.values())
        print(row([pin.name, *shares.values(), findings, undecided]), flush=True)
        details += ["", f"## {pin.name}", ""]
        details += [f"- {name}: {listed(s.reasons)}" for name, s in shares.items() if s.reasons]
        details += [f"  - not linked: {place}" for place in places]
        details += [f"- rules: {listed(sum((s.reasons for s in judged.values()), Counter()), 12)}"]
        if options.rules:
            details += ["", row(["rule", "subjects", "findings", "undecided", "reasons"])]
            details += [row(["---"] * 5)]
            for code, said in judged.items():
                if said.subjects:
                    details.append(row([code, *said[:3], listed(said.reasons, 3)]))
    # In Celery's own checkout most receivers are the parameters of Celery's machinery.
    outside = [shares for name, shares in zip(names, totals, strict=True) if name != "celery"]
    summed = [
        Share(sum(s[name].known for s in outside), sum(s[name].all for s in outside), Counter())
        for name in SHARES
    ]
    print(row(["all but celery", *summed, "", ""]))
    print("\n".join(details))
    return status


if __name__ == "__main__":
    raise SystemExit(main())
