"""Whatever a file holds: a clear word about it, the right findings in the others, never a crash.

Every test that analyses fails on a warning of an internal error.
"""

# Programs as texts are easier to read on long lines.
# ruff: noqa: E501

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from flake8_celery import files

from .conftest import Place

FINE = {"fine.py": "import celery\nplain()\n"}
FOUND = "fine.py:2:1: CEL972 `plain` is called here"


def lines(place: Place, *arguments: str) -> list[str]:
    """The concise output; there must be no warning."""
    ran = place.check("-q", "--output-format", "concise", *arguments)
    assert ran.err == "", ran.err
    return ran.out.splitlines()


class TestUnreadable:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"import celery\ndef f(:\n", r"bad\.py:2:7: invalid-syntax: "),
            (b"import celery\nx = (\n", r"bad\.py:2:5: invalid-syntax: "),
            (b"import celery\n  x = 1\n", r"bad\.py:2:\d: invalid-syntax: unexpected indent"),
            (b"import celery\nprint 'x'\n", r"bad\.py:2:1: invalid-syntax: "),
            (b"import celery\nx = 1\0\n", r"bad\.py:2:6: invalid-syntax: .*null bytes"),
            (b"import celery\nx = '\xe9'\n", r"bad\.py:1:\d+: E902 'utf-8' codec can't decode"),
            (b"# coding: nope\nimport celery\n", r"bad\.py:1:1: E902 unknown encoding: nope"),
            (b"\xef\xbb\xbf# coding: latin-1\nimport celery\n", r"bad\.py:1:1: E902 encoding"),
            (b"# coding: rot13\nimport celery\n", r"bad\.py:1:1: E902 "),
            (b"\xff\xfei\0m\0p\0o\0r\0t\0 celery\n\0", r"bad\.py:1:1: E902 "),
            (
                b"import celery\nx = " + b"(" * 1000 + b")" * 1000,
                r"bad\.py:2:\d+: invalid-syntax: ",
            ),
            (b"import celery\n" + b"if 1:\n " * 0 + b"x = " + b"-" * 20_000 + b"1\n", "|bad"),
            (b"import celery\nx = 1" + b"0" * 9000 + b"\n", "|bad"),
        ],
    )
    def test_one_diagnostic_and_the_others_go_on(
        self, place: Place, content: bytes, said: str
    ) -> None:
        place.put({"bad.py": content, **FINE})
        found = lines(place)
        assert found[-1] == FOUND
        assert re.match(said, found[0]) if len(found) == 2 else said.startswith("|")
        assert place.check("-q").code == 1

    def test_it_cannot_be_silenced(self, place: Place) -> None:
        place.put({"bad.py": "# ruff: noqa\nimport celery\ndef f(:  # noqa\n"})
        assert "invalid-syntax" in lines(place, "--select", "CEL970")[0]

    def test_names_of_a_broken_file_are_unknown_and_not_missing(self, place: Place) -> None:
        place.put(
            {
                "pkg/__init__.py": "",
                "pkg/bad.py": "import celery\ndef f(:\n",
                "pkg/user.py": "import celery\nfrom pkg.bad import f, g\nacross(f)\nf.delay(1)\n",
            }
        )
        assert [line.split(":")[0] for line in lines(place)] == ["pkg/bad.py"]

    def test_text_without_final_newline_and_of_carriage_returns(self, place: Place) -> None:
        place.put({"a.py": b"import celery\rplain()\rplain()"})
        assert [line[:7] for line in lines(place)] == ["a.py:2:", "a.py:3:"]

    @pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b"\x0c\n", b"celery"])
    def test_almost_nothing(self, place: Place, content: bytes) -> None:
        place.put({"a.py": content, **FINE})
        assert lines(place) == [FOUND]


class TestFileSystem:
    def test_file_that_vanishes(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        place.put({"gone.py": "import celery\nplain()\n", **FINE})
        read = files.read

        def vanishing(path: str, overlay: object = None, size: int = -1) -> bytes:
            if path.endswith("gone.py"):
                Path(path).unlink(missing_ok=True)
            return read(path, overlay, size)  # type: ignore[arg-type]

        monkeypatch.setattr(files, "read", vanishing)
        found = lines(place)
        assert found == [FOUND, "gone.py:1:1: E902 No such file or directory"]

    def test_file_that_may_not_be_read(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        place.put({"secret.py": "import celery\nplain()\n", **FINE})
        read = files.read

        def refusing(path: str, overlay: object = None, size: int = -1) -> bytes:
            if path.endswith("secret.py"):
                raise PermissionError(13, "Permission denied", path)
            return read(path, overlay, size)  # type: ignore[arg-type]

        monkeypatch.setattr(files, "read", refusing)
        assert lines(place) == [FOUND, "secret.py:1:1: E902 Permission denied"]

    def test_folder_that_may_not_be_read(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place.put({"secret/a.py": "import celery\nplain()\n", **FINE})
        scan = os.scandir

        def refusing(path: str) -> object:
            if str(path).endswith("secret"):
                raise PermissionError(13, "Permission denied", path)
            return scan(path)

        monkeypatch.setattr(os, "scandir", refusing)
        ran = place.check("--output-format", "concise")
        assert ran.out == FOUND + "\nFound 1 error.\n"
        assert "secret: Permission denied" in ran.err

    def test_loops_of_links(self, place: Place) -> None:
        place.put(FINE)
        os.symlink(place.folder, place.folder / "loop")
        os.symlink("me.py", place.folder / "me.py")
        os.symlink("nowhere.py", place.folder / "dangling.py")
        assert lines(place) == [FOUND]
        assert place.check("-q", "me.py").code == 1

    def test_folder_and_pipe_that_end_in_py(self, place: Place) -> None:
        place.put(FINE)
        (place.folder / "folder.py").mkdir()
        os.mkfifo(place.folder / "pipe.py")
        assert lines(place) == [FOUND]

    @pytest.mark.parametrize(
        "name", ["a b.py", "ä.py", "a'b.py", "{x}.py", "%s.py", "[a].py", "-x.py"]
    )
    def test_names_of_files(self, place: Place, name: str) -> None:
        place.put({name: "import celery\nplain()\n"})
        assert lines(place) == [f"{name}:2:1: CEL972 `plain` is called here"]


HEAD = "from celery import Celery, shared_task\napp = Celery('x', broker='redis://')\nplain()\n"

PUZZLES = {
    "names that define each other": "A = B\nB = A\nA.delay(1)\napp.conf.task_queues = A\n",
    "a name that defines itself": "A = A\nA = A + [1]\napp.conf.task_queues = A\nA.s() | A.s()\n",
    "a class that inherits itself": "class A(A):\n    x = 1\nclass B(C): pass\nclass C(B): pass\n"
    "app.conf.update(x=B.y, z=A.y)\nA.delay()\nB.run.delay()\n",
    "a function that returns itself": "def f(): return f()\ndef g(): return h()\ndef h(): return g()\n"
    "app.conf.beat_schedule = f()\napp.conf.task_routes = g()\nf().delay()\n@f()\ndef t(): pass\n",
    "a decorator that decorates itself": "@t\ndef t(x): return t(x)\n@t\ndef u(): pass\nu.delay()\n",
    "a parameter's default that is the function": "def f(a=f): pass\n@app.task\ndef g(a=g): pass\n",
    "an app that configures itself": "app.conf.update(app.conf)\napp.conf = app.conf\n"
    "app.config_from_object(app)\nconf = app.conf\nconf.update(conf)\n",
    "a dict that holds itself": "D = {}\nD['d'] = D\nD.update(D)\napp.conf.beat_schedule = D\n",
    "a star import of itself": "from a import *\nfrom .a import *\nfrom . import a\nq.delay()\n",
    "deep aliases": "a0 = print\n"
    + "".join(f"a{n + 1} = a{n}\n" for n in range(2000))
    + "a2000.delay(1)\napp.conf.task_queues = a2000\n",
    "deep inheritance": "class C0: pass\n"
    + "".join(f"class C{n + 1}(C{n}): pass\n" for n in range(500))
    + "app.conf.x = C500.y\nC500.delay()\n",
    "deep attributes": "x = app" + ".conf" * 3000 + "\napp" + ".a" * 3000 + ".delay()\n",
    "deep calls": "x = " + "f(" * 150 + ")" * 150 + "\napp.conf.x = x\n",
    "many calls in a row": "app" + ".s()" * 2000 + "\n",
    "ten thousand terms": "x = " + " + ".join(["1"] * 10_000) + "\napp.conf.task_time_limit = x\n",
    "ten thousand texts": "x = " + " + ".join(["'a'"] * 10_000) + "\napp.conf.broker_url = x\n",
    "ten thousand pipes": "t = app.task(f)\nx = "
    + " | ".join(["t.s()"] * 10_000)
    + "\nx.delay()\n",
    "deep lists": "x = " + "[" * 90 + "]" * 90 + "\napp.conf.task_queues = x\n",
    "deep functions": "".join("    " * n + f"def f{n}():\n" for n in range(90))
    + "    " * 90
    + "pass\n",
    "deep lambdas": "x = " + "lambda: " * 150 + "1\napp.conf.x = x\n",
    "a huge dict": "app.conf.beat_schedule = {"
    + ", ".join(f"'k{n}': {{'task': 't{n}', 'schedule': {n}}}" for n in range(20_000))
    + "}\n",
    "a huge list": "app.conf.imports = [" + ", ".join(map(str, range(200_000))) + "]\n",
    "many changes in place": "D = {}\n"
    + "".join(f"D['{n}'] = {n}\n" for n in range(1500))
    + "app.conf.beat_schedule = D\n",
    "many assignments": "".join(f"if x: D = {n}\n" for n in range(3000)) + "app.conf.x = D\n",
    "doubling": "a = ['x' * 50] * 2\n" + "a = a + a\n" * 200 + "app.conf.imports = a\n",
    "doubling texts": "a = 'xxxxxxxxxxxxxxxx'\n" + "a = a + a\n" * 200 + "app.conf.x = a\n",
    "doubling names": "a0 = [1]\n"
    + "".join(f"a{n + 1} = a{n} + a{n}\n" for n in range(60))
    + "app.conf.imports = a60\n",
    "doubling tuples": "a0 = (1,)\n"
    + "".join(f"a{n + 1} = (a{n}, a{n})\n" for n in range(60))
    + "app.conf.imports = a60\nt.delay(a60)\n",
    "doubling calls": "def f0(): return [1]\n"
    + "".join(f"def f{n + 1}(): return [f{n}(), f{n}()]\n" for n in range(60))
    + "app.conf.imports = f60()\n",
    "doubling conditions": "a0 = 1\n"
    + "".join(f"a{n + 1} = a{n} if c{n} else a{n} or b\n" for n in range(40))
    + "app.conf.x = a40\n",
    "large numbers": "app.conf.x = 9**9**9**9\ny = 1 << 10**10\napp.conf.y = y\nz = 'a' * 10**10\n"
    "app.conf.z = z\nw = [0] * 10**10\napp.conf.w = w\nv = 1e308 * 10\napp.conf.v = v\nu = 1 // 0\n"
    "app.conf.u = u\nt = 10 ** -400\ns = '%*d' % (10**9, 1)\napp.conf.s = s\n"
    "r = '{:>1000000000}'.format(1)\napp.conf.r = r\nq = 'x'.ljust(10**10)\napp.conf.q = q\n",
    "strange numbers": "app.conf.update(task_time_limit=1e999, result_expires=-1e999, x=1j, y=...)\n"
    "app.conf.worker_concurrency = float('nan')\napp.conf.task_soft_time_limit = 0x"
    + "f" * 2000
    + "\n",
    "strange texts": "app.conf.broker_url = '\\ud800'\napp.conf.task_default_queue = '\\0\\n\\x1b[31m'\n"
    "app.conf.timezone = '\\U0001F600' * 3\n@app.task(name='a\\nb', rate_limit='\\ud800/s')\n"
    "def t(): pass\nt.delay('\\ud800')\n",
    "strange syntax": "lambda *a, **k: (yield)\nasync def f():\n    async for x in y:\n        await x\n"
    "    async with a as b, c as (d, *e): pass\n    return [i async for i in f()]\n"
    "match app:\n    case Celery(x=[1, *r]) | {'a': r, **k}: pass\n    case _: pass\n"
    "try: pass\nexcept* ValueError as e: del e\nglobal app\nx: int\n(y): int = 1\nx[0]: int = 2\n"
    "print(*(a := 1,), **{'b': a})\n@(lambda f: f)\nclass K(*a, **k, metaclass=M): __slots__ = ()\n"
    "for app.conf.x in y: pass\nwith a as app.conf.y: pass\n[app.conf.z for app.conf.z in y]\n"
    "del app.conf.x, app.conf['y']\na = b = c = app.conf\na, (b, *c) = app.conf\nf'{x!r:{y}}{{}}'\n",
    "celery itself under other names": "import celery as shared_task\nfrom celery import *\n"
    "from celery import nothing as Celery\nCelery().task()(1)\napp = app.task = app\n",
    "nothing where something is expected": "@app.task()\ndef t(): pass\n@app.task(**{})\ndef u(*, a): pass\n"
    "@app.task(*x, **y)\ndef v(**k): pass\n@shared_task(None)\ndef w(): pass\nt.delay(*x, **y)\n"
    "t.apply_async(*x)\nt.apply_async(None, None)\nt.apply_async((), {}, **{})\nt.s(**{'a': 1})\n"
    "chain()\ngroup()\nchord()\nchord([])\nt.chunks()\napp.send_task()\nt.apply_async(args=1, kwargs=2)\n"
    "app.conf.beat_schedule = {'a': None, 'b': {}, None: {'task': 1, 'schedule': 'x'}, **x}\n"
    "app.conf.task_routes = [None, (), {'a': 1}, [('x',)], 'y']\napp.conf.task_queues = [1, None]\n"
    "app.conf.task_annotations = [None, {'*': 1}]\napp.conf.update(1)\napp.conf.update([1])\n"
    "app.config_from_object()\napp.config_from_object(1)\napp.config_from_object('nowhere:x')\n"
    "app.conf['x']\napp.conf[1] = 2\napp.conf[None].x = 3\napp.add_periodic_task()\n"
    "app.add_periodic_task(1)\napp.autodiscover_tasks(1)\nCelery(*x, **y)\nCelery(1, broker=2)\n",
}


@pytest.mark.parametrize("puzzle", PUZZLES)
def test_puzzle(place: Place, puzzle: str) -> None:
    """Nothing loops, nothing overflows, nothing is said of what cannot be known."""
    place.put({"a.py": HEAD + PUZZLES[puzzle], **FINE})
    before = time.monotonic()
    found = lines(place, "--select", "CEL")
    assert time.monotonic() - before < 20
    assert FOUND in found
    if not any("invalid-syntax" in line for line in found):
        assert "a.py:3:1: CEL972 `plain` is called here" in found


class TestCircles:
    def test_imports(self, place: Place) -> None:
        names = [f"m{number}" for number in range(4)]
        for name, after in zip(names, [*names[1:], names[0]], strict=True):
            place.put(
                {
                    f"{name}.py": f"import celery\nfrom {after} import thing, other\n"
                    f"import {after}\nthing.delay()\n{after}.other.s()\nacross(thing)\n"
                }
            )
        place.put(FINE)
        assert lines(place) == [FOUND]

    def test_star_imports(self, place: Place) -> None:
        place.put(
            {
                "a.py": "from b import *\nimport celery\nname.delay()\nacross(found)\nacross(lost)\n",
                "b.py": "from c import *\nimport celery\nlost.delay()\n",
                "c.py": "from a import *\nimport celery\ndef found(): pass\nlost.s()\n",
            }
        )
        assert lines(place) == ["a.py:4:1: CEL975 `found` stands in `c.py:3`"]

    def test_packages(self, place: Place) -> None:
        place.put(
            {
                "p/__init__.py": "from . import *\nfrom .p import *\nfrom .. import p\nimport celery\n",
                "p/p/__init__.py": "from .. import *\nfrom ... import *\nfrom ..p import p\nimport celery\n"
                "p.p.p.delay()\nacross(p)\n",
                **FINE,
            }
        )
        assert lines(place) == [FOUND]

    def test_settings(self, place: Place) -> None:
        place.put(
            {
                "a/__init__.py": "",
                "a/celery.py": "from celery import Celery\napp = Celery('a')\n"
                "app.config_from_object('a.settings', namespace='CELERY')\n",
                "a/settings.py": "from .base import *\nCELERY_BROKER_URL = CELERY_BROKER_URL\n",
                "a/base.py": "from .settings import *\nfrom a import settings\n"
                "CELERY_BEAT_SCHEDULE = settings.CELERY_BEAT_SCHEDULE\n",
                **FINE,
            }
        )
        assert lines(place, "--select", "CEL") == [FOUND]


def test_five_megabytes_of_generated_code(place: Place) -> None:
    row = "    'entry_{0}': {{'name': 'value {0}', 'items': [{0}, {0}, {0}], 'on': True}},\n"
    text = (
        "import celery\nTABLE = {\n"
        + "".join(row.format(n) for n in range(70_000))
        + "}\nplain()\n"
    )
    assert len(text) > 5_000_000
    place.put({"big.py": text, **FINE})
    before = time.monotonic()
    assert lines(place) == ["big.py:70004:1: CEL972 `plain` is called here", FOUND]
    assert time.monotonic() - before < 60
