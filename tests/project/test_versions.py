"""Which releases of Celery a project may run on, as its files say."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flake8_celery.cache import Cache, NoCache
from flake8_celery.celery_versions import DEFAULT, parse_span, span_text
from flake8_celery.project import requirements
from flake8_celery.project.versions import DECLARATIONS, LOCKS, CeleryRange, celery_range

from ..conftest import Place
from ..fuzz import examples

NAMES = LOCKS | DECLARATIONS | {"requirements.txt"}


def found(folder: Path, files: dict[str, str | bytes]) -> CeleryRange:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else dedent(content).encode())
    return celery_range(str(folder), NoCache())


def span(folder: Path, **files: str) -> str:
    names = {name: name.replace("__", "/").replace("_", ".") for name in files}
    return span_text(found(folder, {names[name]: text for name, text in files.items()}).span)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("celery==5.3.6", "5.3"),
        ("celery == 5.4.0 # pinned", "5.4"),
        ("Celery==5.4", "5.4"),
        ("celery===5.4.0", "5.4"),
        ("celery[redis,sqs]~=5.5.1", "5.5"),
        ("celery>=5.3,<5.6", "5.3-5.5"),
        ("celery>=5.3.4,<=5.6.2", "5.3-5.6"),
        ("celery>=5.4", "5.4+"),
        ("celery>=5.4,<6", "5.4+"),
        ("celery~=5.4", "5.4+"),
        ("celery==5.*", "5.0+"),
        ("celery<5.8", "5.3-5.7"),
        ("celery>5.4.0,<5.6", "5.4-5.5"),
        ("celery!=5.5.0", "5.3+"),
        ("celery==5.6.0rc1", "5.6"),
        ("celery==5.3.6.post1", "5.3"),
        ("celery<4", "3.1"),
        ("celery>=4.2,<5", "4.2-4.4"),
        ("celery<5.5", "5.3-5.4"),
        ("celery", "5.3+"),
        ("celery==99", "5.3+"),
        ("celery>=99", "5.3+"),
        ("celery>5,<5", "5.3+"),
        ("celery>>5", "5.3+"),
        ("celery==5.4.0 --hash=sha256:0123", "5.4"),
        ("celery==5.4.0 \\\n    --hash=sha256:0123 \\\n    --hash=sha256:4567", "5.4"),
        ("celery==5.4.0 ; python_version < '3.9'", "5.4"),
        ("celery==5.4.0; python_version<'3.9'\ncelery==5.6.0; python_version>='3.9'", "5.4-5.6"),
        ("celery==5.4.0\ncelery>>5", "5.3+"),
        ("celery==5.0.1\ncelery @ https://example.org/celery.zip", "5.0+"),
        ("celery @ git+https://example.org/celery/celery@main", "5.3+"),
        ("git+https://example.org/celery/celery.git@v5.4.0", "5.3+"),
        ("-e git+https://example.org/celery.git#egg=celery", "5.3+"),
        ("celery==${CELERY}", "5.3+"),
        (f"celery=={'9' * 5000}", "5.3+"),
    ],
)
def test_requirements(tmp_path: Path, line: str, expected: str) -> None:
    assert span(tmp_path, requirements_txt=f"django\n{line}\nredis\n") == expected


def test_other_packages_are_not_celery(tmp_path: Path) -> None:
    text = "django-celery-beat==2.1\ncelery-once==3.0\nflower # needs celery==4.0\npytest-celery\n"
    assert found(tmp_path, {"requirements.txt": text}) == CeleryRange(DEFAULT)


def test_where_it_is_said(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "requirements.txt": "django\n\n-r requirements/base.txt\n",
        "requirements/base.txt": "# celery\ncelery==5.4.0\n",
        "pyproject.toml": '[project]\nname = "celery-shop"\ndependencies = ["celery>=5.3"]\n',
    }
    assert found(tmp_path, files) == CeleryRange(
        ((5, 3), None), (("pyproject.toml", 3), ("requirements/base.txt", 2))
    )


UV = """
version = 1

[[package]]
name = "billiard"
version = "4.2.0"

[[package]]
name = "celery"
version = "5.4.0"
source = { registry = "https://example.org/simple" }
dependencies = [
    { name = "billiard" },
]
sdist = { url = "https://example.org/celery-5.4.0.tar.gz", size = 1575692 }

[package.optional-dependencies]
redis = [{ name = "redis" }]

[[package]]
name = "django-celery-beat"
version = "2.7.0"
"""
POETRY = """
[[package]]
name = "celery"
version = "5.5.3"
description = "Distributed Task Queue."

[package.dependencies]
billiard = ">=4.2.1,<5.0"

[package.extras]
redis = ["redis (>=4.5.2)"]

[metadata]
lock-version = "2.1"
"""


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("uv.lock", UV, "5.4"),
        ("poetry.lock", POETRY, "5.5"),
        ("pdm.lock", POETRY, "5.5"),
        ("pylock.toml", '[[packages]]\nname = "celery"\nversion = "5.6.2"\n', "5.6"),
        ("pylock.dev.toml", '[[packages]]\nname = "celery"\nversion = "5.6.2"\n', "5.6"),
        ("Pipfile.lock", '{"default": {"celery": {"version": "==5.3.6"}}, "develop": {}}', "5.3"),
        ("uv.lock", UV + UV.replace("5.4.0", "5.6.0"), "5.4-5.6"),
        # A checkout in the place of a release, and files that are none.
        ("poetry.lock", '[[package]]\nname = "celery"\nversion = {a = 1}\n', "5.3+"),
        ("uv.lock", '[[package]]\nname = "celery"\nversion = "5.4.0\n', "5.3+"),
        ("uv.lock", '[[package]]\nname = "celery"\n', "5.3+"),
        ("Pipfile.lock", '{"default": {"celery": ', "5.3+"),
        ("Pipfile.lock", '{"default": {"celery": 3}, "develop": ["celery"]}', "5.3+"),
    ],
)
def test_locks(tmp_path: Path, name: str, text: str, expected: str) -> None:
    assert span_text(found(tmp_path, {name: text}).span) == expected


def test_a_lock_wins_over_what_is_asked_for(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "pyproject.toml": '[project]\nname = "x"\ndependencies = ["celery>=5.3"]\n',
        "uv.lock": UV,
    }
    assert found(tmp_path, files) == CeleryRange(((5, 4), (5, 4)), (("uv.lock", 9),))


def test_what_pip_tools_wrote_is_a_lock(tmp_path: Path) -> None:
    head = "#\n# This file is autogenerated by pip-compile with Python 3.11\n#\n"
    files: dict[str, str | bytes] = {
        "requirements.in": "celery[redis]>=5.3\n",
        "requirements.txt": f"{head}celery[redis]==5.4.0\n    # via -r requirements.in\n",
    }
    assert span_text(found(tmp_path, files).span) == "5.4"
    files["requirements-dev.txt"] = (
        "# This file was autogenerated by uv via the following command:\ncelery==5.6.1\n"
    )
    assert span_text(found(tmp_path, files).span) == "5.4-5.6"


def test_a_lock_without_celery_says_nothing(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "uv.lock": '[[package]]\nname = "django-celery-beat"\nversion = "2.7.0"\n',
        "requirements.txt": "celery==5.4.0\n",
    }
    assert span_text(found(tmp_path, files).span) == "5.4"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[project]\ndependencies = ["celery[redis] >=5.4,<5.6"]', "5.4-5.5"),
        ('[project.optional-dependencies]\nworker = ["celery~=5.4.0"]', "5.4"),
        ('[dependency-groups]\ndev = ["celery==5.5.1", {include-group = "x"}]', "5.5"),
        ('[tool.pdm.dev-dependencies]\ntest = ["celery==5.5.1"]', "5.5"),
        ('[tool.uv]\ndev-dependencies = ["celery==5.5.1"]', "5.5"),
        ('[tool.hatch.envs.test]\nextra-dependencies = ["celery==5.5.1"]', "5.5"),
        ('[tool.poetry.dependencies]\ncelery = "^5.4"', "5.4+"),
        ('[tool.poetry.dependencies]\ncelery = "^5"', "5.0+"),
        ('[tool.poetry.dependencies]\ncelery = "^4.4.7"', "4.4"),
        ('[tool.poetry.dependencies]\ncelery = "^5.6.0, <5.7"', "5.6"),
        ('[tool.poetry.dependencies]\ncelery = "~5.4"', "5.4"),
        ('[tool.poetry.dependencies]\ncelery = "~5.4.0"', "5.4"),
        ('[tool.poetry.dependencies]\ncelery = "~5"', "5.0+"),
        ('[tool.poetry.dependencies]\ncelery = "5.4.0"', "5.4"),
        ('[tool.poetry.dependencies]\ncelery = "5.4.*"', "5.4"),
        ('[tool.poetry.dependencies]\ncelery = ">= 5.3, < 5.5"', "5.3-5.4"),
        ('[tool.poetry.dependencies]\ncelery = ">=5.3 <5.5"', "5.3-5.4"),
        ('[tool.poetry.dependencies]\ncelery = "~5.3.0 || ~5.5.0"', "5.3-5.5"),
        ('[tool.poetry.dependencies]\ncelery = "*"', "5.3+"),
        ('[tool.poetry.dependencies]\ncelery = "^x"', "5.3+"),
        ('[tool.poetry.dependencies]\ncelery = {version = "~5.4", extras = ["redis"]}', "5.4"),
        ('[tool.poetry.dependencies]\ncelery = {git = "https://example.org/c"}', "5.3+"),
        (
            '[tool.poetry.dependencies]\ncelery = [{version = "~5.3", python = "<3.9"},'
            ' {version = "~5.6", python = ">=3.9"}]',
            "5.3-5.6",
        ),
        ('[tool.poetry.group.dev.dependencies]\ncelery = "~5.4"', "5.4"),
        ('[project]\ndependencies = ["celery==5.4"\n', "5.3+"),
        ('[project]\ndependencies = "celery==5.4"\n', "5.3+"),
        ('[project]\ndependencies = [3, {celery = 5}]\n[tool]\npoetry = "celery"', "5.3+"),
    ],
)
def test_pyproject(tmp_path: Path, text: str, expected: str) -> None:
    assert span(tmp_path, pyproject_toml=text) == expected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "setup.cfg",
            "[options]\ninstall_requires =\n    django\n    celery>=5.4,<5.6\n",
            "5.4-5.5",
        ),
        (
            "setup.cfg",
            "[options.extras_require]\nworker = celery==5.4.0; python_version>'3'",
            "5.4",
        ),
        ("setup.cfg", "[options\ninstall_requires = celery", "5.3+"),
        ("Pipfile", '[packages]\ncelery = "==5.4.0"\n', "5.4"),
        ("Pipfile", '[packages]\nCelery = {version = "~=5.4.0", extras = ["redis"]}\n', "5.4"),
        ("Pipfile", '[dev-packages]\ncelery = "*"\n', "5.3+"),
        (
            "setup.py",
            "from setuptools import setup\nsetup(install_requires=['celery==5.4'])",
            "5.4",
        ),
        ("setup.py", "setup(extras_require={'worker': ['celery==5.4']})", "5.4"),
        ("setup.py", "setup(install_requires=['celery==5.4'] + more)", "5.3+"),
        ("setup.py", "setup(install_requires=['celery==5.4'", "5.3+"),
    ],
)
def test_other_files(tmp_path: Path, name: str, text: str, expected: str) -> None:
    assert span_text(found(tmp_path, {name: text}).span) == expected


def test_files_that_disagree_make_one_range(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "requirements.txt": "celery==5.4.0\n",
        "requirements-dev.txt": "celery==5.6.0\n",
        "setup.py": "setup(install_requires=['celery>=5.5,<5.7'])\n",
    }
    assert span_text(found(tmp_path, files).span) == "5.4-5.6"


def test_constraints(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "requirements.txt": "-c deploy/constraints.txt\n--requirement=deploy/base.txt\n",
        "deploy/base.txt": "celery[redis]\n",
        "deploy/constraints.txt": "celery==5.4.0\nbilliard==4\n",
    }
    assert found(tmp_path, files) == CeleryRange(((5, 4), (5, 4)), (("deploy/constraints.txt", 1),))
    files["deploy/constraints.txt"] = "celery==5.4.0 ; python_version < '3.9'\n"
    assert span_text(found(tmp_path, files).span) == "5.3+"
    files["deploy/base.txt"] = "django\n"
    assert found(tmp_path, files) == CeleryRange(DEFAULT)


def test_requirements_are_followed_inside_the_project_only(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    (tmp_path / "base.txt").write_text("celery==5.4.0\n")
    assert found(inside, {"requirements.txt": "-r ../base.txt\n"}) == CeleryRange(DEFAULT)
    loop: dict[str, str | bytes] = {"requirements.txt": "-r a.txt\ncelery==5.5\n"}
    loop |= {"a.txt": "-r requirements.txt\n-r missing.txt\n-r .\n-r \0\n"}
    assert span_text(found(inside, loop).span) == "5.5"


def test_only_the_files_of_the_root_count(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "requirements.txt": "celery==5.4.0\n",
        "other/requirements.txt": "celery==5.6.0\n",
        "other/uv.lock": UV,
    }
    assert span_text(found(tmp_path, files).span) == "5.4"


@pytest.mark.parametrize("junk", [b"\xff\xfe", b"\x00" * 50, b"celery\xff==5", b"[[[[celery", b""])
@pytest.mark.parametrize("name", sorted(NAMES))
def test_junk_says_nothing(tmp_path: Path, name: str, junk: bytes) -> None:
    assert found(tmp_path, {name: junk}).span == DEFAULT


def test_deep_nesting(tmp_path: Path) -> None:
    deep = "celery = " + "[" * 100_000
    for name in NAMES:
        assert found(tmp_path, {name: deep}).span == DEFAULT
        (tmp_path / name).unlink()


TOKENS = (
    *("celery", "celery", "==", ">=", "^", "~", "5.4", "5.4.0", "*", "[redis]", ";", "\n", "\n"),
    *("[[package]]\n", "[project]\n", "[tool.poetry.dependencies]\n", "dependencies", "name"),
    *("version", " = ", "'", '"', "[", "]", "{", "}", ",", "-r ", "-c ", "requirements.txt", "²"),
    *("setup(install_requires=", ")", "[options]\n", "install_requires", "[packages]\n", ":", "\0"),
    *("python_version", "\\\n", "# ", "3", "package = 3\n", 'name = "celery"\n', "\t", "\r"),
)


@examples(150, 5_000)
@given(st.sampled_from(sorted(NAMES)), st.lists(st.sampled_from(TOKENS)).map("".join))
def test_nothing_makes_it_raise(tmp_path: Path, name: str, text: str) -> None:
    low, high = found(tmp_path, {name: text.encode()}).span
    assert high is None or low <= high
    (tmp_path / name).unlink()


def test_utf_16(tmp_path: Path) -> None:
    assert found(tmp_path, {"requirements.txt": "celery==5.4.0\r\n".encode("utf-16")}).span == (
        (5, 4),
        (5, 4),
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "requirements.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    assert found(tmp_path, {"requirements.in": "-r pipe.txt\n"}).span == DEFAULT


# Between two runs


def old(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            stat = path.stat()
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns - 60 * 10**9))


def test_nothing_is_read_while_nothing_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "base.txt").write_text("celery==5.4.0\n")
    (tmp_path / "requirements.txt").write_text("-r deploy/base.txt\n-r deploy/later.txt\n")
    old(tmp_path)
    cache = Cache.open(str(tmp_path / "cache"), str(tmp_path))
    first = celery_range(str(tmp_path), cache)
    cache.save()
    real = requirements.read_range
    monkeypatch.setattr(requirements, "read_range", None)
    again = Cache.open(str(tmp_path / "cache"), str(tmp_path))
    assert celery_range(str(tmp_path), again) == first
    monkeypatch.setattr(requirements, "read_range", real)
    (tmp_path / "deploy" / "later.txt").write_text("celery==5.6.0\n")
    assert celery_range(str(tmp_path), again).span == ((5, 4), (5, 6))


@pytest.mark.parametrize(
    "memory",
    [{"span": 3}, {"span": [[5, float("inf")], None]}, {"places": [1]}, {"further": [1, []]}, {}],
)
def test_a_memory_of_another_shape_is_none(tmp_path: Path, memory: dict[str, Any]) -> None:
    (tmp_path / "requirements.txt").write_text("celery==5.4.0\n")
    old(tmp_path)
    cache = NoCache()
    known = celery_range(str(tmp_path), cache)
    cache.versions = {**cache.versions, **memory}
    assert celery_range(str(tmp_path), cache) == known


# CEL505 says what the releases of the project do with such a date.
APP = """\
from celery import Celery
from celery.schedules import crontab

app = Celery("shop")
app.conf.beat_schedule = {"x": {"task": "t", "schedule": crontab(0, 0, day_of_month=31,
    month_of_year=2)}}
"""


def follows(place: Place, *command: str) -> str:
    ran = place.command(sys.executable, "-m", *command)
    (line,) = [line for line in ran.out.splitlines() if "CEL505" in line]
    return line.partition("; ")[2].strip()


OLDER = "beat fails with a RuntimeError when it looks for the next run"
EITHER = "since Celery 5.7 the call raises ValueError, before that beat fails"
CHECK = ("flake8_celery", "check", "--select", "CEL505", "--output-format", "concise")
FLAKE8 = ("flake8", "--select", "CEL505")


@pytest.mark.parametrize("command", [CHECK, FLAKE8], ids=["check", "flake8"])
def test_both_faces_see_a_change_of_the_lock(place: Place, command: tuple[str, ...]) -> None:
    place.put({"app.py": APP, "uv.lock": UV})
    old(place.folder)
    assert follows(place, *command) == OLDER
    assert follows(place, *command) == OLDER
    place.put({"uv.lock": UV.replace("5.4.0", "5.7.0")})
    assert follows(place, *command) == EITHER
    (place.folder / "uv.lock").unlink()
    assert follows(place, *command) == EITHER
    place.put({"requirements.txt": "celery<5.5\n"})
    assert follows(place, *command) == OLDER


def test_the_configuration_comes_first(place: Place) -> None:
    place.put({"app.py": APP, "uv.lock": UV, "flake8-celery.toml": 'target-celery = "5.5+"\n'})
    assert follows(place, *CHECK) == EITHER
    assert follows(place, *FLAKE8) == EITHER
    assert follows(place, *FLAKE8, "--celery-version", "5.6") == OLDER


def test_spans_as_text() -> None:
    for text in ("5.4", "5.3-5.6", "5.5+"):
        assert span_text(parse_span(text)) == text
