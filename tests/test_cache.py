"""The cache changes how fast an answer comes, and never which."""

from __future__ import annotations

import builtins
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flake8_celery import cache, run
from flake8_celery.cache import Cache, code_hash

from .conftest import ROOT, Place

TEXT = "import celery\nplain()\n"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The paths that were parsed since it was last cleared."""
    seen: list[str] = []
    extract = run._extract

    def watched(path: str, data: Any) -> Any:
        seen.append(path)
        return extract(path, data)

    monkeypatch.setattr(run, "_extract", watched)
    yield seen


def found(place: Place, *arguments: str) -> list[str]:
    ran = place.run("check", "-q", "--output-format", "concise", *arguments)
    assert ran.err == ""
    return ran.out.splitlines()


def stored(place: Place, suffix: str = ".json") -> Path:
    """The index of the cache, or the store of its facts."""
    (path,) = (place.folder / ".flake8_celery_cache").glob(f"*/*{suffix}")
    return path


def forget_the_result(place: Place) -> None:
    """What the last run came to is dropped, so that the facts count."""
    index = json.loads(stored(place).read_bytes())
    stored(place).write_text(json.dumps({**index, "key": None}))


def age(place: Place, seconds: int = 60) -> None:
    """Makes every file look as if it had been written some time ago."""
    for path in place.folder.rglob("*.py"):
        stat = path.stat()
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns - seconds * 10**9))


def test_a_second_run_parses_nothing(place: Place, parsed: list[str]) -> None:
    place.write(a=TEXT, b="import celery\n", c="x = 1\n")
    age(place)
    cold = found(place)
    assert sorted(parsed) == ["a.py", "b.py"]
    parsed.clear()
    assert found(place) == cold == found(place, "--no-cache")[:1]
    assert [path for path in parsed if path == "a.py"] == ["a.py"]  # that of --no-cache


def test_only_what_has_changed_is_parsed(place: Place, parsed: list[str]) -> None:
    place.write(a=TEXT, b="import celery\n")
    age(place)
    found(place)
    parsed.clear()
    place.write(b="import celery\nmended()\n")
    assert [line.split(":")[0] for line in found(place)] == ["a.py", "b.py"]
    assert parsed == ["b.py"]


def test_a_new_time_alone_parses_nothing(place: Place, parsed: list[str]) -> None:
    """As after a fresh checkout with a cache that was kept."""
    place.write(a=TEXT)
    age(place)
    cold = found(place)
    parsed.clear()
    age(place)
    assert found(place) == cold and parsed == []


def test_an_edit_within_the_resolution_of_time_is_seen(place: Place) -> None:
    place.write(a="import celery\nplain()\n")
    assert len(found(place)) == 1
    stat = (place.folder / "a.py").stat()
    place.write(a="import celery\nother()\n")
    os.utime(place.folder / "a.py", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert found(place) == []


def test_deleted_and_renamed_files(place: Place) -> None:
    place.write(a="import celery\nfrom b import name\nacross(name)\n", b="def name():\n    pass\n")
    age(place)
    assert len(found(place)) == 1
    (place.folder / "b.py").rename(place.folder / "c.py")
    assert found(place) == []
    place.write(a=TEXT)
    (place.folder / "c.py").unlink()
    assert len(found(place)) == 1
    assert set(json.loads(stored(place).read_bytes())["files"]) == {"a.py"}


def test_files_read_on_demand_are_kept_too(place: Place, parsed: list[str]) -> None:
    place.write(a="import celery\nfrom b import name\nacross(name)\n", b="def name():\n    pass\n")
    age(place)
    cold = found(place)
    assert "b.py" in parsed and len(cold) == 1
    parsed.clear()
    assert found(place) == cold and parsed == []
    place.write(b="name = 1\n")
    assert found(place) == []


def test_standard_input_leaves_no_trace(place: Place) -> None:
    place.write(a=TEXT)
    place.run("check", "-q", "--stdin-filename", "a.py", "-", stdin="import celery\n")
    assert len(found(place)) == 1


def test_a_run_of_single_files_keeps_the_others(place: Place, parsed: list[str]) -> None:
    place.write(a=TEXT, b=TEXT)
    age(place)
    found(place)
    found(place, "a.py")
    parsed.clear()
    assert len(found(place)) == 2 and parsed == []


HOSTILE: list[Any] = [
    "",
    "null",
    "[]",
    "{}",
    '{"files": [], "ignored": {}}',
    '{"files": {}, "ignored": []}',
    "[" * 100_000,
    "\x80",
    '{"files": {"a.py": null}, "ignored": {}}',
    '{"files": {"a.py": {}}, "ignored": {}}',
    '{"files": {"a.py": "text"}, "ignored": {}}',
    '{"files": {"a.py": [1, 2]}, "ignored": {".": 1}}',
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_cache_that_is_none_is_empty(place: Place, text: str) -> None:
    place.write(a=TEXT)
    age(place)
    cold = found(place)
    stored(place).write_text(text, encoding="latin-1")
    assert found(place) == cold
    assert found(place) == cold


@pytest.mark.parametrize("facts", [None, 1, [], {}, [[]] * 8, [1] * 8, "facts", [None] * 8])
def test_facts_that_are_none_are_made_again(place: Place, facts: Any) -> None:
    place.write(a=TEXT)
    age(place)
    cold = found(place)
    digest = stored(place, ".facts").read_bytes()[: 2 * cache.DIGEST_SIZE]
    stored(place, ".facts").write_bytes(digest + json.dumps(facts).encode())
    forget_the_result(place)
    assert found(place) == cold


@pytest.mark.parametrize("junk", [b"", b"[", b"\n" * 9, b"\xff" * 99, b"{" * 200_000])
def test_a_store_that_is_none_is_empty(place: Place, junk: bytes) -> None:
    place.write(a=TEXT)
    age(place)
    cold = found(place)
    stored(place, ".facts").write_bytes(junk)
    forget_the_result(place)
    assert found(place) == cold
    forget_the_result(place)
    assert found(place) == cold


def test_a_place_that_cannot_be_written_is_no_error(place: Place) -> None:
    place.write(a=TEXT)
    place.put({"file": ""})
    assert len(found(place, "--cache-dir", "file")) == 1
    assert len(found(place, "--cache-dir", "file/below")) == 1
    assert len(found(place, "--cache-dir", "/dev/null")) == 1


def test_nothing_is_left_behind(place: Place) -> None:
    place.write(a=TEXT)
    found(place)
    names = {path.name for path in (place.folder / ".flake8_celery_cache").rglob("*")}
    both = {stored(place).name, stored(place, ".facts").name}
    assert names == {"CACHEDIR.TAG", ".gitignore", stored(place).parent.name} | both
    place.run("check", "-q", "--no-cache", "--cache-dir", "other")
    assert not (place.folder / "other").exists()


def test_flags_and_environment(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write(a=TEXT)
    found(place, "--cache-dir", "here")
    monkeypatch.setenv("FLAKE8_CELERY_CACHE_DIR", "there")
    found(place)
    monkeypatch.setenv("FLAKE8_CELERY_NO_CACHE", "1")
    found(place, "--cache-dir", "nowhere")
    present = {path.name for path in place.folder.iterdir()}
    assert {"here", "there"} <= present and not present & {"nowhere", ".flake8_celery_cache"}


class TestVersion:
    """The folder's name is a hash of the code that makes facts."""

    @pytest.fixture
    def package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        (tmp_path / "rules" / "beat").mkdir(parents=True)
        (tmp_path / "facts.py").write_text("1")
        (tmp_path / "rules" / "beat" / "entries.py").write_text("1")
        monkeypatch.setattr(cache, "__file__", str(tmp_path / "cache.py"))
        return tmp_path

    @pytest.mark.parametrize("name", ["facts.py", "rules/beat/entries.py"])
    def test_it_changes_with_the_code(self, package: Path, name: str) -> None:
        before = code_hash()
        assert code_hash() == before
        (package / name).write_text("2")
        assert code_hash() != before

    def test_it_changes_with_new_modules(self, package: Path) -> None:
        before = code_hash()
        (package / "rules" / "new.py").write_text("2")
        assert code_hash() != before


def test_one_cache_serves_several_projects(tmp_path: Path) -> None:
    first = Cache.open(str(tmp_path), "/one")
    known = cache.Known(1, 2, first.digest(b"xx"), cache.IDLE)
    first.keep("a.py", known)
    first.save()
    assert Cache.open(str(tmp_path), "/two").known("a.py") is None
    assert Cache.open(str(tmp_path), "/one").known("a.py") == known


def test_links_to_the_clock(place: Place, clock: Callable[[int], None]) -> None:
    """A file that is no longer young when the cache is written is trusted by its time."""
    place.write(a=TEXT)
    found(place)
    assert json.loads(stored(place).read_bytes())["files"]["a.py"][0] == -1
    clock(10)
    found(place)
    stamp = json.loads(stored(place).read_bytes())["files"]["a.py"][0]
    assert stamp == (place.folder / "a.py").stat().st_mtime_ns


def test_processes_that_race(place: Place) -> None:
    """Each reads and writes the whole cache; the last one wins, and none sees half a file."""
    for number in range(30):
        place.write(**{f"m{number}": f"import celery\nplain({number})\n"})
    age(place)
    command = [sys.executable, "-m", "tests.launch", "flake8-celery", "check", "-q"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for _ in range(2):
        running = [
            subprocess.Popen(
                [*command, "--output-format", "concise"],
                cwd=place.folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(4)
        ]
        outputs = {process.communicate(timeout=120) for process in running}
        assert {out.count("CEL972") for out, _ in outputs} == {30}
        assert {err for _, err in outputs} == {""}
    assert len(json.loads(stored(place).read_bytes())["files"]) == 30
    assert {path.suffix for path in stored(place).parent.iterdir()} == {".json", ".facts"}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The findings are shown, the old cache stays, and nothing else is left."""
    place.write(a=TEXT)
    age(place)
    found(place)
    before = stored(place).read_bytes()
    place.write(a=TEXT, b=TEXT)
    real = builtins.open

    def full(path: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
        in_cache = ".flake8_celery_cache" in str(path) and "w" in mode
        if in_cache:
            real(path, "w").close()
        return real("/dev/full" if in_cache else path, mode, *rest, **more)

    monkeypatch.setattr(builtins, "open", full)
    ran = place.run("check", "-q", "--output-format", "concise")
    assert len(ran.out.splitlines()) == 2 and ran.err == ""
    assert stored(place).read_bytes() == before
    assert len([*stored(place).parent.iterdir()]) == 2


def test_an_interrupted_write_leaves_the_old_one(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write(a=TEXT)
    age(place)
    found(place)
    before = stored(place).read_bytes()
    place.write(a=TEXT, b=TEXT)

    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    assert place.run("check").code == 130
    assert stored(place).read_bytes() == before
    assert len([*stored(place).parent.iterdir()]) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(place: Place) -> None:
    place.write(a=TEXT)
    place.folder.chmod(0o555)
    try:
        assert len(found(place)) == 1
    finally:
        place.folder.chmod(0o755)


def test_a_run_in_which_nothing_has_changed_reads_no_facts(
    place: Place, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write(a=TEXT, b="import celery\n")
    age(place)
    cold = found(place)
    monkeypatch.setattr(run, "collect", None)
    assert found(place) == cold
    assert place.run("check", "-q", "--output-format", "json").out.count("filename") == len(cold)


def test_what_does_not_count_may_change(
    place: Place, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file without Celery that no file with Celery leads to."""
    place.write(a=TEXT, b="x = 1\n")
    age(place)
    cold = found(place)
    place.write(b="x = 2\n")
    with monkeypatch.context() as patched:
        patched.setattr(run, "collect", None)
        assert found(place) == cold
        assert found(place) == cold
    place.write(b="import celery\nplain()\n")
    assert len(found(place)) == len(cold) + 1
    place.write(b="x = 3\n")
    assert found(place) == cold


def test_what_was_asked_for_counts(place: Place) -> None:
    """A file without Celery that a name leads to, also when the last runs did not look."""
    place.write(a="import celery\nfrom b import name\nacross(name)\n", b="def name():\n    pass\n")
    age(place)
    assert len(found(place)) == 1
    age(place)
    assert len(found(place)) == 1
    place.write(b="name = 1\n")
    assert found(place) == []


def test_a_run_of_a_part_leaves_no_old_answer(place: Place) -> None:
    """It notes what the files hold now; what the whole came to before is over."""
    place.write(a="import celery\nfrom b import name\nacross(name)\n", b="def name():\n    pass\n")
    place.write(c=TEXT)
    age(place)
    assert len(found(place)) == 2
    place.write(a=TEXT * 2)
    assert len(found(place, "c.py")) == 1
    assert found(place) == found(place, "--no-cache")


def test_a_file_that_comes_or_goes_counts(place: Place) -> None:
    """Also one without Celery: a name may lead to it."""
    place.write(a="import celery\nfrom b import name\nacross(name)\n")
    age(place)
    assert found(place) == []
    place.write(b="def name():\n    pass\n")
    assert len(found(place)) == 1


@pytest.mark.parametrize("flags", [("--ignore", "CEL970"), ("--ignore-noqa",), ("--select", "ALL")])
def test_another_question_is_asked_anew(place: Place, flags: tuple[str, ...]) -> None:
    place.write(a="import celery\nplain()  # noqa: CEL970\nplain()\n")
    age(place)
    found(place)
    assert found(place, *flags) == found(place, *flags, "--no-cache")


@pytest.mark.parametrize("junk", [b"", b"[]", b"{}", b"\xff", b'{"key": 1, "result": 2}'])
def test_a_memory_that_is_none_is_no_answer(place: Place, junk: bytes) -> None:
    place.write(a=TEXT)
    age(place)
    cold = found(place)
    stored(place).write_bytes(junk)
    assert found(place) == cold


@pytest.mark.parametrize(
    "result", [None, 1, [], [[]], [[1, 2, 3, 4, 5, 6]], [[1, [[]], 0, [], {}, []]]]
)
def test_a_result_of_another_shape_is_no_answer(place: Place, result: object) -> None:
    place.write(a=TEXT)
    age(place)
    cold = found(place)
    said = json.loads(stored(place).read_bytes())
    stored(place).write_text(json.dumps({**said, "result": result}))
    assert found(place) == cold
