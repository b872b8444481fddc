"""What a rule is: a code, a name, a category and one question about one kind of fact.

A rule is a generator of `Report`s, called with one subject (an app, a task, a dispatch, a beat
entry, an observation, ...) and the project.  It may ask for any value; where a value is not
known, asking raises `Undecided`, and the engine notes that and goes on.  So a rule never has to
remember that something may be unknown, and what is unknown is never reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .facts import Span
    from .project import Project
    from .source import Source
    from .source import Span as Place

CORRECTNESS = "correctness"
SUSPICIOUS = "suspicious"
SECURITY = "security"
PERFORMANCE = "performance"
COMPLEXITY = "complexity"
STYLE = "style"
PEDANTIC = "pedantic"
RESTRICTION = "restriction"
ON_BY_DEFAULT = frozenset({CORRECTNESS, SUSPICIOUS, SECURITY, PERFORMANCE})

STABLE = "stable"
PREVIEW = "preview"

SAFE = "safe"
UNSAFE = "unsafe"
# Of a fix that the configuration does not let be made: only its title is shown.
NOT_FIXABLE = "not fixable"


class Undecided(Exception):
    """Something that a verdict needs is not known; the argument says what."""


class Where(NamedTuple):
    """A place in a module of the project."""

    module: Any
    span: Span

    @property
    def shown(self) -> str:
        """`path:row`, as messages name a place in another file."""
        return f"{self.module.path}:{self.span[0]}"


class Related(NamedTuple):
    """Evidence elsewhere, in this or another file, and what it is."""

    where: Where
    message: str


class Report(NamedTuple):
    """A rule's answer.  `values` fill the placeholders of `says`; `fix` is what the rule's fix
    function needs besides the place (plain data), or None where this one cannot be fixed."""

    where: Where
    values: Mapping[str, object]
    related: tuple[Related, ...]
    says: str | None
    fix: Any


def report(
    where: Where,
    *related: Related,
    says: str | None = None,
    fix: Any = None,
    **values: object,
) -> Report:
    """A finding at `where`; `says` replaces the rule's message where a variant needs its own."""
    return Report(where, values, related, says, fix)


class Edit(NamedTuple):
    """Replace what stands at `span` by `text`."""

    span: Span
    text: str


class Fix(NamedTuple):
    """Edits in one file that belong together, "safe" or "unsafe", and what they do."""

    title: str
    applicability: str
    edits: tuple[Edit, ...]


class Finding(NamedTuple):
    """A claim about one line, ready to be shown.

    `path` is relative to the project's root; `related` are (path, span, message).
    `applicability` is that of its fix where the configuration changes the rule's."""

    path: str
    span: Place
    code: str
    name: str
    message: str
    related: tuple[tuple[str, Span, str], ...]
    fix_data: Any
    applicability: str | None = None


Judge = Callable[[Any, Any], Iterator[Report]]
Fixer = Callable[["Finding", "Source"], Iterable[Edit]]


class Rule:
    """One rule.  `subject` is the class of facts it judges, or an observer."""

    __slots__ = (
        "applicability",
        "category",
        "code",
        "fix_title",
        "fixer",
        "judge",
        "name",
        "says",
        "status",
        "subject",
    )

    def __init__(
        self, subject: Any, code: str, name: str, category: str, says: str, status: str
    ) -> None:
        self.subject = subject
        self.code = code
        self.name = name
        self.category = category
        self.says = says
        self.status = status
        self.judge: Judge = _no_judge
        self.fixer: Fixer | None = None
        self.fix_title = ""
        self.applicability: str | None = None

    def __call__(self, subject: Any, project: Project) -> Iterator[Report]:
        """The rule's reports about one subject.  May raise Undecided."""
        return self.judge(subject, project)

    def fix(self, applicability: str, title: str) -> Callable[[Fixer], Fixer]:
        """Decorates the function that makes the edits: `fixer(finding, source) -> edits`.

        It is called only for findings whose report gave `fix=` something."""

        def register(fixer: Fixer) -> Fixer:
            self.fixer, self.applicability, self.fix_title = fixer, applicability, title
            return fixer

        return register

    def message(self, answer: Report) -> str:
        """The report's one-line message, placeholders filled."""
        text = (answer.says or self.says).format_map(answer.values)
        return " ".join(text.split())


def _no_judge(subject: Any, project: Any) -> Iterator[Report]:
    return iter(())


RULES: dict[str, Rule] = {}


def rule(
    subject: Any, code: str, name: str, category: str, *, says: str, status: str = STABLE
) -> Callable[[Judge], Rule]:
    """Registers a rule.

    `subject` is a class of resolved facts (`Task`, `BeatEntry`, ...) or an observer of this
    module; `says` is the message, with `{placeholders}` that the reports fill."""

    def register(judge: Judge) -> Rule:
        made = Rule(subject, code, name, category, says, status)
        made.judge = judge
        if code in RULES:
            raise ValueError(f"{code} is defined twice")
        RULES[code] = made
        return made

    return register


def load_rules() -> dict[str, Rule]:
    """All rules, by code, in order of their codes."""
    from . import rules

    rules.load()
    return dict(sorted(RULES.items()))
