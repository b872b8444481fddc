"""What names mean: scopes, imports, re-exports, star imports, and what cannot be known."""

from __future__ import annotations

import pytest

from flake8_celery.project import Definition, Nothing, Project
from flake8_celery.project.names import External, ModuleRef, ParameterRef, Target, Variable

from .project.build import project


def meaning(made: Project, name: str, path: str = "a.py", scope: str = "") -> Target:
    """What a dotted name means at the end of a module, or of a function in it."""
    module = made.module_at(path)
    assert module is not None
    number = 0
    for wanted in filter(None, scope.split(".")):
        number = next(
            place
            for place, facts in enumerate(module.facts.scopes)
            if facts.name == wanted and facts.parent == number
        )
    parts = name.split(".")
    expr: tuple[object, ...] = ("name", (10**6, 1, 10**6, 2), parts[0])
    for part in parts[1:]:
        expr = ("attr", (10**6, 1, 10**6, 2), expr, part)
    return made.names.resolve(expr, module, number)


def shown(target: Target) -> str:
    """A target in a word."""
    if isinstance(target, External):
        return target.name
    if isinstance(target, Definition):
        return f"{target.module.path}:{target.facts.name}"
    if isinstance(target, ModuleRef):
        return target.module.path
    if isinstance(target, ParameterRef):
        return f"parameter {target.name}"
    if isinstance(target, Variable):
        return f"{len(target.assignments)} assignments"
    return "absent" if target.absent else "unknown"


def said(text: str, name: str = "x", scope: str = "", **others: str) -> str:
    return shown(meaning(project(a=text, **others), name, scope=scope))


class TestOneFile:
    @pytest.mark.parametrize(
        ("text", "meant"),
        [
            ("def x(): pass", "a.py:x"),
            ("class x: pass", "a.py:x"),
            ("x = 1", "1 assignments"),
            ("import x", "x"),
            ("import x.y", "x"),
            ("import y.z as x", "y.z"),
            ("from y import z as x", "y.z"),
            ("def y(): pass\nx = y", "a.py:y"),
            ("import os\nx = os.path", "os.path"),
            ("from y import *", "unknown"),
            ("", "absent"),
            ("x = 1\nx = 2", "1 assignments"),
            ("x = 1\nif y: x = 2", "2 assignments"),
            ("def x(): pass\nif y:\n    def x(): pass", "unknown"),
            ("def x(): pass\nx = x", "unknown"),
            ("try:\n    import x\nexcept ImportError:\n    x = None", "x"),
            ("try:\n    from y import x\nexcept ImportError:\n    from z import x", "y.x"),
            ("if TYPE_CHECKING:\n    from y import x", "y.x"),
            ("if TYPE_CHECKING:\n    from y import x\nelse:\n    from z import x", "z.x"),
            ("for x in y: pass", "1 assignments"),
            ("exec('x = 1')", "unknown"),
            ("globals()['x'] = 1", "unknown"),
            ("def f():\n    global x\n    x = 1", "1 assignments"),
            ("class C:\n    x = 1", "absent"),
        ],
    )
    def test_module_level(self, text: str, meant: str) -> None:
        assert said("import celery\n" + text) == meant

    @pytest.mark.parametrize(
        ("text", "scope", "meant"),
        [
            ("def f(x): pass", "f", "parameter x"),
            ("import x\ndef f(): pass", "f", "x"),
            ("import x\ndef f():\n    import y as x\n", "f", "y"),
            ("import x\ndef f():\n    def g(): pass\n", "f.g", "x"),
            ("def f(x):\n    def g(): pass\n", "f.g", "parameter x"),
            ("import x\nclass C:\n    import y as x\n    def f(self): pass\n", "C.f", "x"),
            ("import x\nclass C:\n    import y as x\n", "C", "y"),
            ("def f(): pass\nimport x\n", "f", "x"),
        ],
    )
    def test_scopes(self, text: str, scope: str, meant: str) -> None:
        assert said("import celery\n" + text, scope=scope) == meant

    def test_builtins(self) -> None:
        assert said("", "print") == "builtins.print"
        assert said("def print(): pass", "print") == "a.py:print"


class TestSeveralFiles:
    @pytest.mark.parametrize(
        ("text", "meant"),
        [
            ("from b import f as x", "b.py:f"),
            ("import b\nx = b.f", "b.py:f"),
            ("import b as x", "b.py"),
            ("from b import *\nx = f", "b.py:f"),
            ("from b import g as x", "absent"),
            ("import b\nx = b.print", "absent"),
            ("from .b import f as x", "b.py:f"),
            ("from ...b import f as x", "unknown"),
        ],
    )
    def test_import(self, text: str, meant: str) -> None:
        assert said("import celery\n" + text, b="def f(): pass\ndef _g(): pass\n") == meant

    def test_names_that_a_star_leaves_out(self) -> None:
        assert said("from b import *", "_g", b="def _g(): pass\n") == "absent"
        assert said("from b import *", "f", b="__all__ = ['g']\ndef f(): pass\ng = 1") == "absent"
        assert said("from b import *", "_g", b="__all__ = ['_g']\ndef _g(): pass") == "b.py:_g"

    def test_the_last_star_wins(self) -> None:
        files = {"b": "def f(): pass", "c": "def f(): pass"}
        assert said("from b import *\nfrom c import *", "f", **files) == "c.py:f"

    def test_re_exports_through_files_that_do_not_speak_of_celery(self) -> None:
        made = project(
            {
                "a.py": "import celery\nfrom p import f\n",
                "p/__init__.py": "from .q import *\n",
                "p/q/__init__.py": "from .r import f as f\n",
                "p/q/r.py": "def f(): pass\n",
            }
        )
        assert shown(meaning(made, "f")) == "p/q/r.py:f"

    def test_submodules(self) -> None:
        made = project(
            {
                "a.py": "import celery, p.q\nfrom p import q as x\n",
                "p/__init__.py": "",
                "p/q.py": "f = 1",
            }
        )
        assert shown(meaning(made, "x")) == shown(meaning(made, "p.q")) == "p/q.py"

    def test_roots_below_the_project(self) -> None:
        made = project(
            {
                "src/p/__init__.py": "",
                "src/p/a.py": "import celery\nfrom p.b import f\nfrom src.p.b import f as g\n",
                "src/p/b.py": "def f(): pass\n",
            }
        )
        assert shown(meaning(made, "f", "src/p/a.py")) == "src/p/b.py:f"
        assert shown(meaning(made, "g", "src/p/a.py")) == "src/p/b.py:f"

    def test_the_nearest_of_two_and_neither_of_two_as_near(self) -> None:
        files = {f"{top}/b.py": "def f(): pass\n" for top in ("one", "two")}
        text = "import celery\nfrom b import f\n"
        made = project({**files, "one/a.py": text, "a.py": text})
        assert shown(meaning(made, "f", "one/a.py")) == "one/b.py:f"
        assert not isinstance(meaning(made, "f", "a.py"), Definition)

    def test_a_file_that_does_not_parse_has_unknown_names(self) -> None:
        assert said("import celery\nfrom b import f as x", b="def f(:\n") == "unknown"
        assert said("import celery\nfrom b import *", "f", b="def f(:\n") == "unknown"

    def test_a_module_that_makes_names_up(self) -> None:
        assert said("from b import x", b="def __getattr__(name): pass\n") == "unknown"

    def test_celery_itself_is_never_the_projects(self) -> None:
        made = project(
            {"celery.py": "def x(): pass\n", "a.py": "from celery import shared_task as x\n"}
        )
        assert shown(meaning(made, "x")) == "celery.shared_task"

    def test_other_names_of_celery(self) -> None:
        assert said("from celery.app.base import Celery as x") == said(
            "from celery import Celery as x"
        )

    def test_circles_end(self) -> None:
        assert said("from b import x\nimport celery", b="from a import x\n") == "unknown"
        assert said("from b import *\nimport celery", b="from a import *\n") in (
            "unknown",
            "absent",
        )


class TestClasses:
    TEXT = """
    import celery
    class A:
        def f(self): pass
        y = 1
    class B(A): pass
    class C(Missing): pass
    class D(C, A): pass
    class E(E): pass
    """

    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            ("A.f", "a.py:f"),
            ("B.f", "a.py:f"),
            ("B.y", "1 assignments"),
            ("A.z", "absent"),
            ("C.f", "unknown"),
            ("D.f", "unknown"),
            ("E.f", "unknown"),
        ],
    )
    def test_attribute(self, name: str, meant: str) -> None:
        assert said(self.TEXT, name) in (meant, "absent" if name == "E.f" else meant)


def test_an_answer_does_not_depend_on_what_was_asked_before() -> None:
    files = {
        "a": "from b import *\nfrom c import f\nimport celery\n",
        "b": "from c import *\nfrom a import f\n",
        "c": "from b import *\ndef f(): pass\n",
    }
    alone = {name: shown(meaning(project(**files), "f", f"{name}.py")) for name in files}
    for order in ("abc", "bca", "cab", "cba"):
        made = project(**files)
        assert {name: shown(meaning(made, "f", f"{name}.py")) for name in order} == alone


def test_nothing_says_why() -> None:
    target = meaning(project(a="import celery\nfrom b import f", b="x = (\n"), "f")
    assert isinstance(target, Nothing) and "b.py" in target.why


def test_a_folder_without_init_inside_a_package_reaches_its_neighbours() -> None:
    made = project(
        {
            "shop/__init__.py": "import celery",
            "shop/tasks.py": "import celery\ndef pay(): pass",
            "shop/base/models.py": "import celery\nfrom .. import tasks\nfrom ..tasks import pay",
        }
    )
    tasks = meaning(made, "tasks", "shop/base/models.py")
    assert isinstance(tasks, ModuleRef) and tasks.module.path == "shop/tasks.py"
    assert isinstance(meaning(made, "pay", "shop/base/models.py"), Definition)
