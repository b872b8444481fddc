"""From files to findings: what is asked for, what is said, and what a failure costs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flake8_celery import run
from flake8_celery.extract import may_suppress
from flake8_celery.files import Overlay
from flake8_celery.project import Project, Subject
from flake8_celery.rule import CORRECTNESS, STABLE, Rule, Undecided, Where, load_rules, report
from flake8_celery.run import Request, analyse, judge, relative

from .conftest import Place
from .project.build import project

TEXT = "import celery\nplain()\n"


def asked(place: Place, **more: Any) -> run.Analysis:
    """An analysis of the place with the stand-in rules."""
    return analyse(Request(str(place.folder), **more), load_rules().values())


def rows(analysis: run.Analysis) -> list[tuple[str, int, str]]:
    return [(f.path, f.span[0], f.code) for f in analysis.findings]


class TestRequest:
    def test_everything(self, place: Place) -> None:
        place.write(b=TEXT, a__c=TEXT, d="x = 1\n")
        analysis = asked(place)
        assert rows(analysis) == [("a/c.py", 2, "CEL972"), ("b.py", 2, "CEL972")]
        assert (analysis.files, analysis.silenced, analysis.warnings) == (3, 0, [])

    def test_wanted_files_only_but_with_the_whole_project(self, place: Place) -> None:
        place.write(a="import celery\nfrom b import name\nacross(name)\n")
        place.write(b="import celery\nplain()\ndef name():\n    pass\n")
        analysis = asked(place, wanted="a.py".__eq__)
        assert rows(analysis) == [("a.py", 3, "CEL975")]
        assert analysis.files == 1

    def test_problems_of_wanted_files_only(self, place: Place) -> None:
        place.write(a="import celery\n(", b="import celery\n)")
        analysis = asked(place, wanted="a.py".__eq__)
        assert [problem.path for problem in analysis.problems] == ["a.py"]

    def test_a_text_wins_over_the_disk(self, place: Place) -> None:
        place.write(a=TEXT, b="import celery\nfrom a import name\nacross(name)\n")
        overlay = Overlay()
        overlay.put(str(place.folder / "a.py"), "import celery\ndef name():\n    pass\n")
        assert rows(asked(place, overlay=overlay)) == [("b.py", 3, "CEL975")]

    def test_suppressions_on_request(self, place: Place) -> None:
        place.write(a="import celery\nplain()  # noqa: CEL972\n")
        analysis = asked(place)
        assert (rows(analysis), analysis.silenced) == ([], 1)
        assert len(asked(place, ignore_suppressions=True).findings) == 1

    def test_a_suppression_counts_where_the_finding_is(self, place: Place) -> None:
        place.write(
            a="import celery\nfrom b import name\nacross(name)\n",
            b="import celery\ndef name():  # noqa: CEL975\n    pass\n",
        )
        assert rows(asked(place)) == [("a.py", 3, "CEL975"), ("b.py", 2, "CEL990")]


@pytest.mark.parametrize(
    ("path", "root", "shown"),
    [
        ("/a/b/c.py", "/a", "b/c.py"),
        ("/a/c.py", "/", "a/c.py"),
        ("/ab/c.py", "/a", "../ab/c.py"),
        ("/a", "/a", "."),
    ],
)
def test_relative_paths(path: str, root: str, shown: str) -> None:
    assert relative(path, root) == shown


class Line(Subject):
    """A subject for each module, to judge without any syntax."""

    @classmethod
    def collect(cls, project: Project) -> list[Any]:
        return [cls(project, module, 0, 0, (1, 1, 1, 2)) for module in project.modules]


def rule(judging: Callable[[Any, Any], Iterator[Any]], code: str = "CEL990") -> Rule:
    made = Rule(Line, code, "celery-made-up", CORRECTNESS, "`{what}`", STABLE)
    made.judge = judging
    return made


class TestJudging:
    @pytest.fixture
    def made(self) -> Project:
        return project(a=TEXT, b=TEXT)

    def said(self, made: Project, *rules: Rule) -> tuple[list[Any], dict[str, int], list[str]]:
        warnings: list[str] = []
        found, undecided = judge(made, rules, None, warnings.append)
        return [(f.path, f.message) for f in found], undecided, warnings

    def test_what_is_reported_before_an_unknown_is_kept(self, made: Project) -> None:
        def judging(subject: Line, project: Project) -> Iterator[Any]:
            yield report(subject.where, what="known")
            raise Undecided("the rest")

        found, undecided, warnings = self.said(made, rule(judging))
        assert found == [("a.py", "`known`"), ("b.py", "`known`")]
        assert (undecided, warnings) == ({"CEL990": 2}, [])

    def test_a_failure_costs_one_rule_and_subject(self, made: Project) -> None:
        def failing(subject: Line, project: Project) -> Iterator[Any]:
            if subject.module.path == "a.py":
                raise KeyError("lost")
            yield report(subject.where, what="fine")

        def fine(subject: Line, project: Project) -> Iterator[Any]:
            yield report(subject.where, what="fine")

        found, _, warnings = self.said(made, rule(failing), rule(fine, "CEL991"))
        assert [path for path, _ in found] == ["a.py", "b.py", "b.py"]
        assert warnings == ["CEL990: cannot judge a.py:1: internal error: KeyError: 'lost'"]

    def test_a_failure_to_collect_costs_the_rules_of_the_kind(self, made: Project) -> None:
        class Broken(Line):
            @classmethod
            def collect(cls, project: Project) -> list[Any]:
                raise RecursionError("too deep")

        broken = Rule(Broken, "CEL992", "celery-broken", CORRECTNESS, "", STABLE)
        _, _, warnings = self.said(made, broken)
        assert warnings == ["CEL992: cannot be judged: internal error: RecursionError: too deep"]

    def test_a_missing_placeholder_is_a_failure_of_ours(self, made: Project) -> None:
        def judging(subject: Line, project: Project) -> Iterator[Any]:
            yield report(subject.where)

        _, _, warnings = self.said(made, rule(judging))
        assert warnings and "KeyError: 'what'" in warnings[0]

    def test_a_developer_may_see_the_traceback(
        self, made: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def judging(subject: Line, project: Project) -> Iterator[Any]:
            raise KeyError("lost")

        monkeypatch.setenv("FLAKE8_CELERY_RAISE", "1")
        with pytest.raises(KeyError, match="lost"):
            self.said(made, rule(judging))

    def test_a_finding_stands_in_the_module_of_its_subject(self, made: Project) -> None:
        def judging(subject: Line, project: Project) -> Iterator[Any]:
            for module in project.modules:
                yield report(Where(module, (1, 1, 1, 2)), what=subject.module.path)

        found, _, _ = self.said(made, rule(judging))
        assert found == [("a.py", "`a.py`"), ("b.py", "`b.py`")]

    def test_the_same_finding_is_shown_once(self, made: Project) -> None:
        def judging(subject: Line, project: Project) -> Iterator[Any]:
            yield report(subject.where, what="twice")
            yield report(subject.where, what="twice")

        found, _, _ = self.said(made, rule(judging))
        assert len(found) == 2

    @pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\u2028b", "a  b", " a\tb\n"])
    def test_messages_have_one_line(self, made: Project, text: str) -> None:
        def judging(subject: Line, project: Project) -> Iterator[Any]:
            yield report(subject.where, says="{what} ", what=text)

        found, _, _ = self.said(made, rule(judging))
        assert {message for _, message in found} == {"a b"}

    def test_order_is_by_path_row_column_and_code(self, made: Project) -> None:
        def judging(row: int, column: int) -> Callable[[Any, Any], Iterator[Any]]:
            def judge(subject: Line, project: Project) -> Iterator[Any]:
                yield report(subject.at((row, column, row, column + 1)), what=(row, column))

            return judge

        rules = [
            rule(judging(10, 1), "CEL990"),
            rule(judging(2, 9), "CEL992"),
            rule(judging(2, 9), "CEL991"),
            rule(judging(2, 3), "CEL993"),
        ]
        found, _ = judge(made, rules, "a.py".__eq__, pytest.fail)
        assert [finding.code for finding in found] == ["CEL993", "CEL991", "CEL992", "CEL990"]


def test_a_walk_that_fails_is_told_and_not_blamed_on_the_file(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flake8_celery.extract.walk import Walk

    place.write(a=TEXT)

    def fail(self: Walk) -> object:
        raise ValueError("out of order")

    monkeypatch.setattr(Walk, "finish", fail)
    analysis = asked(place)
    assert (analysis.findings, analysis.problems) == ([], [])
    assert analysis.warnings == [
        "a.py cannot be analysed: internal error: ValueError: out of order"
    ]


def test_nothing_of_the_project_is_run(place: Place, tmp_path: Path) -> None:
    """Importing or evaluating any of it would leave a trace."""
    trace = tmp_path / "trace"
    place.put(
        {
            name: f"import celery\nopen({str(trace)!r}, 'w')\nplain(open({str(trace)!r}, 'w'))\n"
            for name in ("conftest.py", "setup.py", "celery.py", "sitecustomize.py", "a.py")
        }
    )
    place.put(dict.fromkeys(("json.py", "argparse.py", "gc.py"), "raise SystemExit(7)\n"))
    command = [sys.executable, "-m", "flake8_celery", "check", "--no-cache", "--output-format"]
    for name in ("json", "full", "sarif"):
        ran = place.command(*command, name)
        assert ran.code == 0 and ran.err == ""
    assert not trace.exists()


@pytest.mark.parametrize(
    ("line", "may", "named"),
    [
        ("x = 1", False, False),
        ("x = 1  # noqa: E501", False, False),
        ("x = 1  # noqa: E501, F401", False, False),
        ("x = 1  # noqa: E501, CEL101", True, True),
        ("x = 1  # noqa: E501 # noqa: CEL101", True, True),
        ("x = 1  # noqa: CEL101", True, True),
        ("x = 1  # NOQA: CEL101", True, True),
        ("x = 1  # NoQA: CEL101", True, True),
        ("x = 1  # NOQA", True, False),
        ("x = 1  # noqa : E501", True, False),
        ("x = 1  # noqa:e501", True, False),
        ("x = 1  # noqa: because", True, False),
        ("x = 1  # ruff: ignore[CEL101]", True, True),
        ("x = 1  # ruff: ignore[celery-name]", True, True),
        ("x = 'celery-queue'  # noqa: E501", False, False),
        ("x = 'İİİİ'  # noqa: CEL101", True, True),
        ("# flake8: noqa", True, False),
    ],
)
def test_files_that_may_silence_are_told_from_those_that_cannot(
    line: str, may: bool, named: bool
) -> None:
    for text in (f"import os\n{line}\n", line):
        assert may_suppress(text) is may
        assert may_suppress(text, named=True) is named
