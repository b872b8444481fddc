"""What holds for every input, tried on the sample project and on what is left of it."""

from __future__ import annotations

import ast
import functools
import json
import random
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flake8_celery import run
from flake8_celery.cache import NoCache
from flake8_celery.extract import extract
from flake8_celery.facts import Module, module_from_json
from flake8_celery.files import DEFAULT_EXCLUDES, FileEntry, looks_relevant
from flake8_celery.project import Project
from flake8_celery.project.apps import App
from flake8_celery.project.tasks import Task
from flake8_celery.rule import ON_BY_DEFAULT, Finding, load_rules
from flake8_celery.source import Source

from . import pages
from .conftest import ROOT

SHOP = ROOT / "tests" / "projects" / "shop"
RULES = load_rules()
some = functools.partial(
    settings, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@functools.cache
def sources() -> dict[str, str]:
    """The texts of the sample project by path."""
    return {
        path.relative_to(SHOP).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(SHOP.rglob("*.py"))
    }


@functools.cache
def facts(path: str, text: str) -> Module:
    return extract(Source.from_text(text, path))


def project(texts: dict[str, str], order: Callable[[list[str]], None] | None = None) -> Project:
    paths = list(texts)
    if order is not None:
        order(paths)
    modules = {path: facts(path, texts[path]) for path in paths}
    relevant = {path: m for path, m in modules.items() if looks_relevant(texts[path].encode())}
    return Project(relevant, paths, modules.get, lambda path: texts[path].encode())


def judged(made: Project) -> list[Finding]:
    """The findings of all rules; an internal error fails."""
    warnings: list[str] = []
    found, _ = run.judge(made, RULES.values(), None, warnings.append)
    assert warnings == []
    return found


def shown(found: Iterable[Finding]) -> list[str]:
    return [f"{f.path}:{f.span[0]}:{f.span[1]}: {f.code} {f.message}" for f in found]


@functools.cache
def baseline() -> list[Finding]:
    return judged(project(sources()))


# Mutations of lines: what is done, to which line, with which other.
LINE_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["delete", "double", "swap", "dedent", "indent", "cut", "empty"]),
        st.integers(0, 200),
        st.integers(0, 200),
    ),
    min_size=1,
    max_size=4,
)
paths_of_shop = st.sampled_from(sorted(sources()))


def change_lines(text: str, changes: list[tuple[str, int, int]]) -> str:
    lines = text.splitlines(keepends=True)
    for what, first, second in changes:
        if not lines:
            break
        a, b = first % len(lines), second % len(lines)
        if what == "delete":
            del lines[a]
        elif what == "double":
            lines.insert(b, lines[a])
        elif what == "swap":
            lines[a], lines[b] = lines[b], lines[a]
        elif what == "dedent":
            lines[a] = lines[a].removeprefix("    ")
        elif what == "indent":
            lines[a] = "    " + lines[a]
        elif what == "cut":
            lines[a] = lines[a][: second % (len(lines[a]) + 1)].rstrip("\n") + "\n"
        else:
            lines[a] = "\n"
    return "".join(lines)


@some(max_examples=120)
@given(paths_of_shop, LINE_CHANGES)
def test_changed_lines_never_break_anything(path: str, changes: list[tuple[str, int, int]]) -> None:
    judged(project({**sources(), path: change_lines(sources()[path], changes)}))


BYTE_CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["delete", "insert", "double"]),
        st.integers(0, 5000),
        st.sampled_from(
            [b"\0", b"\xff", b"(", b"'", b'"""', b"\\", b"\r", b"\t", b"=", b"*", b"."]
        ),
    ),
    min_size=1,
    max_size=6,
)


@some(max_examples=80)
@given(paths_of_shop, BYTE_CHANGES)
def test_changed_bytes_never_break_anything(
    path: str, changes: list[tuple[str, int, bytes]]
) -> None:
    data = sources()[path].encode()
    for what, place, new in changes:
        at = place % (len(data) + 1)
        if what == "delete":
            data = data[:at] + data[at + len(new) :]
        elif what == "insert":
            data = data[:at] + new + data[at:]
        else:
            data = data[:at] + data[at : at + 40] + data[at:]
    texts = {other: text for other, text in sources().items() if other != path}
    modules = {other: facts(other, text) for other, text in texts.items()}
    modules[path] = run._extract(path, data)
    problem = modules[path].problem
    assert problem is None or problem[1] != run.INTERNAL, problem
    judged(Project(modules, list(modules), modules.get, lambda p: texts.get(p, "").encode()))


@some(max_examples=15)
@given(st.integers(0, 10**6))
def test_the_order_of_files_does_not_matter(seed: int) -> None:
    made = project(sources(), random.Random(seed).shuffle)
    assert shown(judged(made)) == shown(baseline())


@some(max_examples=15)
@given(st.integers(0, 10**6))
def test_the_order_of_rules_does_not_matter(seed: int) -> None:
    rules = list(RULES.values())
    random.Random(seed).shuffle(rules)
    warnings: list[str] = []
    found, _ = run.judge(project(sources()), rules, None, warnings.append)
    assert shown(found) == shown(baseline()) and warnings == []


def test_one_file_alone_gives_the_findings_of_that_file() -> None:
    """Who asks for one file only, as an editor does, gets what a whole run says of it."""
    for path in sources():
        found, _ = run.judge(project(sources()), RULES.values(), path.__eq__, pytest.fail)
        assert shown(found) == [line for line in shown(baseline()) if line.startswith(f"{path}:")]


class TestJson:
    """Facts survive the cache and the way between processes unchanged."""

    @staticmethod
    def same(module: Module) -> None:
        text = json.dumps(module)
        again = module_from_json(json.loads(text))
        assert json.dumps(again) == text
        assert [type(part) for part in again.scopes] == [type(part) for part in module.scopes]

    @some(max_examples=60)
    @given(paths_of_shop, LINE_CHANGES)
    def test_sample(self, path: str, changes: list[tuple[str, int, int]]) -> None:
        self.same(facts(path, change_lines(sources()[path], changes)))

    @pytest.mark.parametrize(
        "path", sorted((ROOT / "flake8_celery").rglob("*.py")), ids=lambda path: path.name
    )
    def test_our_own_code(self, path: Path) -> None:
        self.same(extract(Source.decode(path.read_bytes(), path.name)))

    def test_findings_are_those_of_fresh_facts(self) -> None:
        texts = sources()
        modules = {
            p: module_from_json(json.loads(json.dumps(facts(p, t)))) for p, t in texts.items()
        }
        relevant = {p: m for p, m in modules.items() if looks_relevant(texts[p].encode())}
        made = Project(relevant, list(texts), modules.get, lambda path: texts[path].encode())
        assert shown(judged(made)) == shown(baseline())


def test_cache_and_processes_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(SHOP, tmp_path / "shop")
    request = run.Request(str(tmp_path / "shop"), exclude=DEFAULT_EXCLUDES)
    fresh = run.analyse(request, RULES.values())
    assert len(fresh.findings) + fresh.silenced == len(baseline()) > 0
    cached = request._replace(cache_dir=str(tmp_path / "cache"))
    cold, warm = (run.analyse(cached, RULES.values()) for _ in range(2))
    monkeypatch.setattr(run, "PARALLEL_BYTES", 0)
    several = run.analyse(request._replace(processes=2), RULES.values())
    for other in (cold, warm, several):
        assert shown(other.findings) == shown(fresh.findings)
        assert (other.warnings, other.problems) == (fresh.warnings, fresh.problems)


def test_processes_give_the_facts_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "PARALLEL_BYTES", 0)
    work = [(p, FileEntry(str(SHOP / p), 0, len(t))) for p, t in sources().items()]
    one, two, many = (
        run._examine_all(work, NoCache(), processes, None) for processes in (1, 2, 40)
    )
    assert json.dumps(list(one)) == json.dumps(list(two)) == json.dumps(list(many))


class Literal(NamedTuple):
    """A literal that stands on one line: (row, column, end column), columns from 0 in bytes."""

    path: str
    row: int
    start: int
    end: int


def parsed(texts: dict[str, str]) -> Iterator[tuple[str, ast.Module]]:
    """The trees of the Python files that can be parsed, by path."""
    for path, text in texts.items():
        if path.endswith(".py"):
            try:
                yield path, ast.parse(text)
            except SyntaxError:
                continue


def literals(texts: dict[str, str]) -> list[Literal]:
    """The literals that stand where any expression may."""
    found = []
    for path, tree in parsed(texts):
        fixed: set[ast.AST] = set()
        for node in ast.walk(tree):
            if isinstance(node, (ast.JoinedStr, ast.MatchValue)):
                fixed.update(ast.walk(node))
            elif isinstance(node, ast.Expr):
                fixed.add(node.value)
        for node in ast.walk(tree):
            if (
                isinstance(node, (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set))
                and node not in fixed
            ):
                assert node.end_lineno is not None and node.end_col_offset is not None
                stored = isinstance(getattr(node, "ctx", None), ast.Store)
                if node.lineno == node.end_lineno and not stored:
                    found.append(Literal(path, node.lineno, node.col_offset, node.end_col_offset))
    return found


def without(texts: dict[str, str], literal: Literal) -> dict[str, str]:
    """The texts with a literal replaced by a call of which nothing is known."""
    lines = texts[literal.path].splitlines(keepends=True)
    line = lines[literal.row - 1].encode()
    line = line[: literal.start] + b"unknown()" + line[literal.end :]
    lines[literal.row - 1] = line.decode()
    return {**texts, literal.path: "".join(lines)}


def imports(texts: dict[str, str]) -> Iterator[tuple[str, ast.Import | ast.ImportFrom, int]]:
    """The names that imports bind: the path, the statement, which of its names."""
    for path, tree in parsed(texts):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import) or (
                isinstance(node, ast.ImportFrom) and node.module != "__future__"
            ):
                for number, alias in enumerate(node.names):
                    if alias.name not in ("*", "Celery", "celery", "app"):
                        yield path, node, number


def imported_elsewhere(
    texts: dict[str, str], path: str, node: ast.Import | ast.ImportFrom, number: int
) -> dict[str, str]:
    """The texts with one imported name bound by a package of which nothing is known."""
    alias = node.names[number]
    others = node.names[:number] + node.names[number + 1 :]
    if isinstance(node, ast.ImportFrom):
        kept: ast.stmt = ast.ImportFrom(node.module, others, node.level)
        strange: ast.stmt = ast.ImportFrom("unknown_package", [alias], 0)
    else:
        kept = ast.Import(others)
        bound = alias.asname or alias.name.partition(".")[0]
        strange = ast.Import([ast.alias("unknown_package", bound)])
    statements = "; ".join(ast.unparse(part) for part in ([kept] if others else []) + [strange])
    lines = texts[path].encode().splitlines(keepends=True)
    assert node.end_lineno is not None
    first, last = node.lineno - 1, node.end_lineno - 1
    before, after = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
    # Every other line stays where it is.
    lines[first : last + 1] = [before + statements.encode() + after + b"\n" * (last - first)]
    return {**texts, path: b"".join(lines).decode()}


# Rules that may speak up when a literal becomes unknown: why what they say is true whatever its
# value is, or what they take it for.
MAY_APPEAR = {
    "CEL103": "nobody reads the option: a literal False only says that nobody is meant to",
    "CEL104": "nobody reads the option: a literal 0 or None only says that nobody is meant to",
    "CEL163": "with every result backend it waits for ever, and with none it raises",
    "CEL500": "the crontab runs every minute: a key of its entry only says that this is meant",
    "CEL504": "the field is rejected, whatever the others are: with them CEL503 says it",
    "CEL528": "the entry is lost: its double only does no harm",
}
# The same for an imported name.
MAY_APPEAR_BY_IMPORT = {
    "CEL163": "in a task it raises, and everywhere else it waits for ever",
    "CEL200": "what has a manager `objects` is a model, wherever it is imported from",
    "CEL312": "the import that is taken away was the only one of the app",
    "CEL521": "what another package gives is no lock: nearly every task calls other packages",
    "CEL532": "the import that is taken away was the one that came early",
}
# Rules that say that the project has no task or no queue of a name.
CLAIM_ABSENCE = ("CEL400", "CEL407", "CEL514")


def places(found: list[Finding]) -> set[tuple[str, str, int]]:
    """Where rules that are on by default find something: (code, path, row)."""
    return {(f.code, f.path, f.span[0]) for f in found if RULES[f.code].category in ON_BY_DEFAULT}


@some(max_examples=120)
@given(st.sampled_from(literals(sources())))
def test_what_is_unknown_adds_no_finding(literal: Literal) -> None:
    found = judged(project(without(sources(), literal)))
    added = places(found) - places(baseline())
    assert {place for place in added if place[0] not in MAY_APPEAR} == set(), literal


def examples(code: str) -> Iterator[tuple[pages.Case, dict[str, str]]]:
    """The bad and the good example of a rule's page, and its edge cases, without markers."""
    page = (ROOT / "rule_docs" / f"{code}.md").read_text(encoding="utf-8")
    edges = (ROOT / "tests" / "rules" / f"{code}.md").read_text(encoding="utf-8")
    for case in (*pages.example(page), *pages.cases(edges)):
        yield case, {path: pages.without_markers(text) for path, text in case.files.items()}


def places_in(case: pages.Case, texts: dict[str, str]) -> set[tuple[str, str, int]]:
    return places(judged(pages.project(case._replace(files=texts))))


@pytest.mark.parametrize("code", RULES)
def test_what_is_unknown_adds_no_finding_to_an_example(code: str) -> None:
    for case, texts in examples(code):
        before = places_in(case, texts)
        for literal in literals(texts):
            added = places_in(case, without(texts, literal)) - before
            wrong = {place for place in added if place[0] not in MAY_APPEAR}
            assert wrong == set(), (case.name, literal)


@pytest.mark.parametrize("code", RULES)
def test_what_comes_from_an_unknown_package_adds_no_finding(code: str) -> None:
    """A name that another package gives may be anything.  Apps alone are known by where their
    class comes from: one that is made of another package's class is no app."""
    for case, texts in examples(code):
        before = places_in(case, texts)
        for path, node, number in imports(texts):
            added = places_in(case, imported_elsewhere(texts, path, node, number)) - before
            wrong = {place for place in added if place[0] not in MAY_APPEAR_BY_IMPORT}
            assert wrong == set(), (case.name, path, node.lineno, node.names[number].name)


def speaks(made: Project, path: str) -> bool:
    """Whether a file makes tasks or apps, or cannot be read: without it, some are not there."""
    module = made.module_at(path)
    return module is None or (
        module.facts.problem is not None
        or any(found.module is module for kind in (App, Task) for found in made.all(kind))
    )


@pytest.mark.parametrize("code", RULES)
def test_a_file_less_makes_nothing_absent(code: str) -> None:
    """What is said to be missing is missing because no file holds it, not because some other
    file does something else."""
    for case, texts in examples(code):
        made = pages.project(case._replace(files=texts))
        before = places(judged(made))
        for path in texts:
            if len(texts) == 1 or not path.endswith(".py") or speaks(made, path):
                continue
            left = {other: text for other, text in texts.items() if other != path}
            added = places_in(case, left) - before
            assert {place for place in added if place[0] in CLAIM_ABSENCE} == set(), (case, path)
