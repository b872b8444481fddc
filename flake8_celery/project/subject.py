"""What rules are asked about: a resolved fact, anchored in one module."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

from ..facts import NOWHERE, Block, Expr, Observation, Span
from ..rule import Where
from .names import LinkedModule, Target
from .values import Value

if TYPE_CHECKING:
    from . import Project
    from .tasks import Task


class Subject:
    """A resolved fact: where it stands, and the project to ask about everything else.

    `scope` and `block` are the numbers of its scope and block in `module.facts`; names in its
    expressions are meant there."""

    __slots__ = ("block", "module", "project", "scope", "span")

    def __init__(
        self, project: Project, module: LinkedModule, scope: int, block: int, span: Span
    ) -> None:
        self.project = project
        self.module = module
        self.scope = scope
        self.block = block
        self.span = span

    @classmethod
    def collect(cls, project: Project) -> list[Self]:
        """All subjects of this class in a project, in the order of modules and rows."""
        raise LookupError(f"{cls.__name__} is not collected")

    @property
    def where(self) -> Where:
        """The subject's own place, where most findings about it are shown."""
        return Where(self.module, self.span)

    def at(self, span: Span) -> Where:
        """Another place in the subject's module."""
        return Where(self.module, span)

    def resolve(self, expr: Expr) -> Target:
        """What a name or attribute chain of this subject means."""
        return self.project.names.resolve(expr, self.module, self.scope)

    def evaluate(self, expr: Expr) -> Value:
        """What is known of an expression of this subject."""
        return self.project.values.evaluate(expr, self.module, self.scope)

    @property
    def in_test(self) -> bool:
        """Whether it stands in test, example or documentation code."""
        return is_test_path(self.module.path)

    @property
    def task(self) -> Task | None:
        """The task whose own body (not a function nested in it) holds the subject."""
        return self.project.task_around(self.module, self.scope)

    def blocks_around(self) -> Iterator[Block]:
        """The compound statements around it inside its scope, innermost first."""
        return self.module.blocks_around(self.block)


class Seen(Subject):
    """An observation of a rule, in its module."""

    __slots__ = ("data",)

    def __init__(self, project: Project, module: LinkedModule, observation: Observation) -> None:
        super().__init__(
            project, module, observation.scope, observation.block, observation.span or NOWHERE
        )
        self.data: Any = observation.data


TEST_FOLDERS = frozenset(
    # `t` is where the Celery family keeps its tests.
    "t test tests testing test_utils testutils conftest example examples docs doc demo demos "
    "samples sample benchmarks".split()
)


@lru_cache(maxsize=4096)
def is_test_path(path: str) -> bool:
    """Whether a path (relative to the root, forward slashes) is test, example or documentation
    code: a folder or file of such a name."""
    *folders, file = path.split("/")
    stem = file.rpartition(".")[0]
    return (
        stem in ("tests", "test", "conftest")
        or stem.startswith(("test_", "tests_"))
        or stem.endswith(("_test", "_tests"))
        or any(folder.lower() in TEST_FOLDERS for folder in folders)
    )
