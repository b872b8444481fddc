"""What holds for every input, tried on the sample project and on what is left of it."""

from __future__ import annotations

import ast
import functools
import json
import random
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flake8_celery import run
from flake8_celery.extract import extract
from flake8_celery.facts import Module, module_from_json
from flake8_celery.files import DEFAULT_EXCLUDES, FileEntry, looks_relevant
from flake8_celery.project import Project
from flake8_celery.rule import CORRECTNESS, Finding, load_rules
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
    work = [(p, FileEntry(p, 0, 0), t.encode()) for p, t in sources().items()]
    one, two, many = (run._extract_all(work, processes) for processes in (1, 2, 40))
    assert json.dumps(list(one)) == json.dumps(list(two)) == json.dumps(list(many))


class Literal(NamedTuple):
    """A literal that stands on one line: (row, column, end column), columns from 0 in bytes."""

    path: str
    row: int
    start: int
    end: int


def literals(texts: dict[str, str]) -> list[Literal]:
    """The literals that stand where any expression may."""
    found = []
    for path, text in texts.items():
        try:
            tree = ast.parse(text)
        except SyntaxError:
            continue
        fixed: set[ast.AST] = set()
        for node in ast.walk(tree):
            if isinstance(node, (ast.JoinedStr, ast.MatchValue)):
                fixed.update(ast.walk(node))
            elif isinstance(node, ast.Expr):
                fixed.add(node.value)
        for node in ast.walk(tree):
            if (
                isinstance(node, (ast.Constant, ast.List, ast.Tuple, ast.Dict))
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


# Rules that may speak up when a literal becomes unknown, and what they take it for.
MAY_APPEAR = {
    "CEL011": "a task whose name is not known has no annotations",
    "CEL050": "a name that is read by an unknown name is none of the task's options",
    "CEL103": "an option that is given is meant to be on",
    "CEL104": "a number of retries that is given is meant to be one",
    "CEL111": "an exception that is given is one",
    "CEL150": "a pool that is not known is one of processes",
    "CEL162": "a timeout that is given is one",
    "CEL221": "keyword arguments that are not known are others than the one that is misplaced",
    "CEL223": "headers that are not known are others than the option",
    "CEL226": "a time zone that is not known is another than UTC",
    "CEL330": "a namespace that is not known is not the prefix of the setting",
    "CEL332": "an object that is not known sets nothing of the key",
    "CEL338": "text of an environment that is asked for an unknown name is text",
    "CEL440": "a broker that is not known is not SQS",
    "CEL500": "an entry's key that is not known does not say that every minute is meant",
    "CEL504": "it steps in where CEL503 is no longer certain",
    "CEL513": "a project whose list of apps is not known has no other scheduler",
}


def places(found: list[Finding], *, all_rules: bool) -> set[tuple[str, str, int]]:
    return {
        (f.code, f.path, f.span[0])
        for f in found
        if RULES[f.code].category == CORRECTNESS and (all_rules or f.code not in MAY_APPEAR)
    }


@some(max_examples=120)
@given(st.sampled_from(literals(sources())))
def test_what_is_unknown_adds_no_finding(literal: Literal) -> None:
    found = judged(project(without(sources(), literal)))
    assert places(found, all_rules=True) <= places(baseline(), all_rules=True), literal


@functools.cache
def examples() -> list[pages.Case]:
    """The bad and good examples of all pages, and the edge cases of all rules."""
    found: list[pages.Case] = []
    for path in sorted((ROOT / "rule_docs").glob("CEL*.md")):
        found += pages.example(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "tests" / "rules").glob("CEL*.md")):
        found += pages.cases(path.read_text(encoding="utf-8"))
    return found


@some(max_examples=250)
@given(st.data())
def test_what_is_unknown_adds_no_finding_to_an_example(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(examples()))
    texts = {path: pages.without_markers(text) for path, text in case.files.items()}
    marks = literals({path: text for path, text in texts.items() if path.endswith(".py")})
    if not marks:
        return
    changed = without(texts, data.draw(st.sampled_from(marks)))
    before, after = (
        places(judged(pages.project(case._replace(files=files))), all_rules=False)
        for files in (texts, changed)
    )
    assert after <= before
