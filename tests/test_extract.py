"""What one file's facts hold: a pure function of its text, in source order, in JSON."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flake8_celery.extract import extract
from flake8_celery.facts import Module
from flake8_celery.rule import load_rules
from flake8_celery.source import Source

load_rules()


def facts(text: str) -> Module:
    return extract(Source.from_text(dedent(text), "a.py"))


def written(text: str, span: Any) -> str:
    """The text that a span marks."""
    source = Source.from_text(dedent(text), "a.py")
    start, end = source.offset(span[0], span[1]), source.offset(span[2], span[3])
    return source.text[start:end]


def calls(text: str) -> list[str]:
    """The expressions that are kept, as they are written."""
    return [written(text, kept.expr[1]) for kept in facts(text).expressions]


class TestExpressions:
    @pytest.mark.parametrize(
        "call",
        [
            "add.delay(1)",
            "add.apply_async((1,), countdown=3)",
            "pkg.tasks.add.s(1)",
            "app.send_task('a')",
            "chain(a, b)",
            "a.s() | b.s()",
            "self.retry(exc=error)",
            "app.config_from_object('x')",
            "transaction.on_commit(lambda: add.delay(1))",
            "Celery('x')",
            "PeriodicTask.objects.create(name='x')",
        ],
    )
    def test_kept(self, call: str) -> None:
        text = f"from celery import *\ndef f(self, error):\n    {call}\n"
        assert call in calls(text) or any(call in kept for kept in calls(text))

    @pytest.mark.parametrize("call", ["print(1)", "a.b.c()", "x = [1, 2]", "open('x').read()"])
    def test_not_kept(self, call: str) -> None:
        assert calls(f"import celery\n{call}\n") == []

    def test_wherever_they_stand(self) -> None:
        text = """
        import celery
        a.delay(1)
        class C:
            b.delay(2)
            def m(self, x=c.delay(3)):
                if d.delay(4): pass
                return [e.delay(5) for i in f.delay(6)]
        async def g():
            await h.delay(7)
            async with i.delay(8) as x: yield j.delay(9)
        k = lambda: l.delay(10)
        try: pass
        except m.delay(11): n.delay(12)
        else: o.delay(13)
        finally: p.delay(14)
        match q.delay(15):
            case 1 if r.delay(16): s.delay(17)
        f"{t.delay(18)}"
        @u.delay(19)
        def v() -> w.delay(20): pass
        print(*x.delay(21), **y.delay(22))
        z = {a.delay(23): b.delay(24)}
        while c.delay(25): del d.delay(26).x
        assert e.delay(27), f.delay(28)
        raise g.delay(29) from h.delay(30)
        """
        numbers = {kept[-3:].strip("(y)") for kept in calls(text)}
        # A decorator is kept with its function, an annotation is never run.
        assert numbers == {str(number) for number in range(1, 31)} - {"19", "20"}

    def test_positions_are_in_code_points(self) -> None:
        text = "import celery\n'é😀'; add.delay('日本')\n"
        assert calls(text) == ["add.delay('日本')"]
        (kept,) = facts(text).expressions
        assert tuple(kept.expr[1]) == (2, 7, 2, 22)


class TestScopes:
    TEXT = """
    import celery

    @decorated
    class A(Base, metaclass=M):
        async def method(self, a, /, b=1, *c, d, e=2, **f) -> int:
            yield a
    """

    def test_kinds_and_names(self) -> None:
        scopes = facts(self.TEXT).scopes
        assert [(s.kind, s.name, s.parent) for s in scopes] == [
            ("module", "", -1),
            ("class", "A", 0),
            ("function", "method", 1),
        ]
        assert set(scopes[2].flags) == {"async", "generator"}

    def test_parameters(self) -> None:
        kinds = [
            (p.name, p.kind, p.default is not None) for p in facts(self.TEXT).scopes[2].parameters
        ]
        assert kinds == [
            ("self", "positional", False),
            ("a", "positional", False),
            ("b", "either", True),
            ("c", "*", False),
            ("d", "keyword", False),
            ("e", "keyword", True),
            ("f", "**", False),
        ]

    def test_places(self) -> None:
        scope = facts(self.TEXT).scopes[1]
        assert written(self.TEXT, scope.span) == "A"
        assert written(self.TEXT, scope.whole).startswith("@decorated\nclass A(")


class TestImports:
    def test_forms(self) -> None:
        text = (
            "import a.b\nimport c.d as e\nfrom .f import g as h\nfrom i import *\nfrom . import j\n"
        )
        found = [(n.name, n.module, n.attribute) for n in facts(text).imports]
        assert found == [
            ("a", "a", ""),
            ("e", "c.d", ""),
            ("h", ".f", "g"),
            ("*", "i", "*"),
            ("j", ".", "j"),
        ]

    def test_exports(self) -> None:
        assert facts("__all__ = ['a', \"b\"]").exports == ["a", "b"]
        assert facts("__all__ = ['a'] + b.__all__").exports is None
        assert facts("__all__ = []\n__all__ += b.__all__").exports is None
        assert facts("x = 1").exports is None


class TestBroken:
    @pytest.mark.parametrize("text", ["def f(", "x = '", "\0", "if 1:\nx", "(" * 500])
    def test_problem(self, text: str) -> None:
        made = facts(text)
        assert made.problem is not None and made.problem[1] >= 1
        assert not made.scopes and not made.expressions


def test_facts_are_a_function_of_the_text() -> None:
    text = TestScopes.TEXT
    assert json.dumps(facts(text)) == json.dumps(facts(text))


def test_no_path_is_kept() -> None:
    path = "/home/somebody/project/a.py"
    made = extract(Source.from_text("import celery\napp = celery.Celery(__name__)\n", path))
    assert "somebody" not in json.dumps(made)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(st.sampled_from("abx=.()[]{}:,'\"\n @*|+-#\\é\t01"), max_size=60))
def test_any_text_gives_facts(text: str) -> None:
    made = facts("import celery\n" + text)
    json.dumps(made)
    for kept in made.expressions:
        row, column, end_row, end_column = kept.expr[1]
        assert (1, 1) <= (row, column) <= (end_row, end_column)
