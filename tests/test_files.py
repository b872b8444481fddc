"""What belongs to a project: its root, its files, and their bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flake8_celery import files
from flake8_celery.files import DEFAULT_EXCLUDES, Overlay, find_root, load, looks_relevant, read
from flake8_celery.source import SourceError


def grow(root: Path, *paths: str) -> None:
    """Create files, and folders for paths that end in a slash; `path=text` gives a content."""
    for path in paths:
        name, _, text = path.partition("=")
        if name.endswith("/"):
            (root / name).mkdir(parents=True, exist_ok=True)
        else:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)


def walked(root: Path, **options: object) -> list[str]:
    found = files.walk(str(root), **options)  # type: ignore[arg-type]
    return [os.path.relpath(entry.path, root) for entry in found]


def test_the_walk_is_deterministic_and_finds_python_files(tmp_path: Path) -> None:
    grow(tmp_path, "b/z.py", "b/a.pyi", "a.py", "c.py", "a/x.py", "readme.md", "b/c/", "é.py")
    assert walked(tmp_path) == ["a.py", "c.py", "é.py", "a/x.py", "b/a.pyi", "b/z.py"]


def test_an_entry_is_absolute_and_carries_its_stat(tmp_path: Path) -> None:
    grow(tmp_path, "a.py=x = 1\n")
    (entry,) = files.walk(str(tmp_path))
    status = (tmp_path / "a.py").stat()
    assert entry == (str(tmp_path / "a.py"), status.st_mtime_ns, 6)


@pytest.mark.parametrize("name", DEFAULT_EXCLUDES)
def test_default_excludes_are_folders_at_any_depth(tmp_path: Path, name: str) -> None:
    grow(tmp_path, f"{name}/a.py", f"deep/{name}/a.py", "kept.py", "build/kept.py")
    assert walked(tmp_path) == ["kept.py", "build/kept.py"]


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("d/*.py", "t.py x/c.py"),
        ("sub", "t.py d/a.py d/dir.py/q.py x/c.py"),
        ("d/sub", "t.py d/a.py d/dir.py/q.py x/c.py"),
        ("./d/sub", "t.py d/a.py d/dir.py/q.py x/c.py"),
        ("*/sub", "t.py d/a.py d/dir.py/q.py x/c.py"),
        ("**/sub", "t.py d/a.py d/dir.py/q.py x/c.py"),
        ("d[/]sub", "t.py d/a.py d/dir.py/q.py x/c.py"),
        ("d/su[a-c]", "t.py d/a.py d/dir.py/q.py x/c.py"),
        ("sub/", "t.py d/a.py d/dir.py/q.py d/sub/b.py x/c.py"),
        ("x/", "t.py d/a.py d/dir.py/q.py d/sub/b.py"),
        ("[!d]", "t.py d/a.py d/dir.py/q.py d/sub/b.py"),
        ("!x", "t.py d/a.py d/dir.py/q.py d/sub/b.py x/c.py"),
        ("d/**", "t.py x/c.py"),
        ("d/**/*.py", "t.py x/c.py"),
        ("**/q.py", "t.py d/a.py d/sub/b.py x/c.py"),
        ("[st]*", "d/a.py d/dir.py/q.py x/c.py"),
        ("{sub,x}", "t.py d/a.py d/dir.py/q.py"),
        ("*.py", ""),
        ("[", "t.py d/a.py d/dir.py/q.py d/sub/b.py x/c.py"),
    ],
)
def test_exclude_patterns_mean_what_they_mean_to_ruff(
    tmp_path: Path, pattern: str, left: str
) -> None:
    grow(tmp_path, "d/a.py", "d/sub/b.py", "d/dir.py/q.py", "x/c.py", "t.py")
    assert walked(tmp_path, extend_exclude=[pattern]) == left.split()


def test_exclude_patterns_are_relative_to_the_folder_of_the_configuration(tmp_path: Path) -> None:
    grow(tmp_path, "src/a.py", "src/b.py")
    assert walked(tmp_path / "src", extend_exclude=["src/a.py"], base=str(tmp_path)) == ["b.py"]
    assert walked(tmp_path / "src", extend_exclude=["src/a.py"]) == ["a.py", "b.py"]


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        ("", "a.py b.py s/a.py s/b.py s/t/a.py"),
        ("a.py", "b.py s/b.py"),
        ("/a.py", "b.py s/a.py s/b.py s/t/a.py"),
        ("a.py/", "a.py b.py s/a.py s/b.py s/t/a.py"),
        ("s/", "a.py b.py"),
        ("s/*.py", "a.py b.py s/t/a.py"),
        ("s/**", "a.py b.py"),
        ("s/**/a.py", "a.py b.py s/b.py"),
        ("**/t", "a.py b.py s/a.py s/b.py"),
        ("*.py\n!a.py", "a.py s/a.py s/t/a.py"),
        ("s\n!s/a.py", "a.py b.py"),
        ("# a.py\n\\#a.py\n\r\n", "a.py b.py s/a.py s/b.py s/t/a.py"),
        ("a.py   \r\n", "b.py s/b.py"),
        ("[ab].p?", ""),
        ("[!a].py", "a.py s/a.py s/t/a.py"),
        ("a*y", "b.py s/b.py"),
        ("[", "a.py b.py s/a.py s/b.py s/t/a.py"),
    ],
)
def test_gitignore_means_what_it_means_to_git(tmp_path: Path, lines: str, left: str) -> None:
    grow(tmp_path, ".git/", "a.py", "b.py", "s/a.py", "s/b.py", "s/t/a.py")
    (tmp_path / ".gitignore").write_bytes(lines.encode())
    assert walked(tmp_path) == left.split()
    assert len(walked(tmp_path, respect_gitignore=False)) == 5


def test_a_deeper_ignore_file_wins_and_is_relative_to_its_folder(tmp_path: Path) -> None:
    grow(tmp_path, ".git/", ".gitignore=a.py\n", "a.py", "s/.gitignore=!/a.py\n/b.py\n")
    grow(tmp_path, "s/a.py", "s/b.py", "s/t/a.py", "s/t/b.py")
    assert walked(tmp_path) == ["s/a.py", "s/t/b.py"]


def test_gitignore_counts_only_inside_a_repository_and_ignore_anywhere(tmp_path: Path) -> None:
    grow(tmp_path, ".gitignore=a.py\n", "a.py", "b.py", "c.py", ".ignore=c.py\n")
    assert walked(tmp_path) == ["a.py", "b.py"]
    grow(tmp_path, ".git/info/exclude=b.py\n")
    assert walked(tmp_path) == []


def test_ignore_files_above_the_walk_count(tmp_path: Path) -> None:
    grow(tmp_path, ".git/", ".gitignore=/s/a.py\nb.py\n", "s/a.py", "s/b.py", "s/c.py")
    assert walked(tmp_path / "s") == ["c.py"]


def test_links_to_folders_are_not_followed_and_broken_links_skipped(tmp_path: Path) -> None:
    grow(tmp_path, "s/a.py")
    (tmp_path / "s" / "loop").symlink_to(tmp_path)
    (tmp_path / "link.py").symlink_to(tmp_path / "s" / "a.py")
    (tmp_path / "broken.py").symlink_to("nowhere")
    assert walked(tmp_path) == ["link.py", "s/a.py"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no named pipes")
def test_what_is_not_a_file_is_skipped(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    assert walked(tmp_path) == []


def test_a_folder_that_cannot_be_read_warns(tmp_path: Path) -> None:
    warnings: list[str] = []
    assert walked(tmp_path / "nowhere", warn=warnings.append) == []
    assert len(warnings) == 1
    assert "nowhere" in warnings[0]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home" / "someone"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    return home


def test_each_project_of_a_monorepo_is_its_own_root(home: Path) -> None:
    grow(home, "p/.git/", "p/app/pyproject.toml", "p/app/pkg/tasks.py", "p/pkg/tasks.py")
    assert find_root(str(home / "p/app/pkg/tasks.py")) == str(home / "p/app")
    assert find_root(str(home / "p/pkg/tasks.py")) == str(home / "p")
    assert find_root(str(home / "p")) == str(home / "p")


@pytest.mark.parametrize("marker", files.ROOT_MARKERS)
def test_the_root_is_the_nearest_folder_with_a_marker(home: Path, marker: str) -> None:
    grow(home, "w/setup.py", f"w/p/{marker}", "w/p/pkg/tasks.py")
    assert find_root(str(home / "w/p/pkg/tasks.py")) == str(home / "w/p")


def test_without_one_the_root_is_the_folder_in_hand(home: Path) -> None:
    grow(home, "p/pkg/tasks.py")
    assert find_root(str(home / "p/pkg/tasks.py")) == str(home / "p/pkg")
    assert find_root(str(home / "p/pkg/new.py")) == str(home / "p/pkg")


def test_a_stray_marker_at_home_or_above_is_not_a_project(home: Path) -> None:
    grow(home, ".git/", "pyproject.toml", "../pyproject.toml", "p/tasks.py")
    assert find_root(str(home / "p/tasks.py")) == str(home / "p")
    assert find_root(str(home)) == str(home)
    assert find_root(os.sep) == os.sep


@pytest.mark.parametrize("size", [-1, 0, 3, 5, 99])
def test_reads_all_bytes_whatever_size_was_expected(tmp_path: Path, size: int) -> None:
    grow(tmp_path, "a.py=hello")
    assert read(str(tmp_path / "a.py"), size=size) == b"hello"


@pytest.mark.parametrize("name", ["nowhere.py", "", "nul\0.py"])
def test_what_cannot_be_read_is_an_os_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError, match=r"."):
        read(f"{tmp_path}/{name}")


def test_an_overlay_wins_over_the_disk(tmp_path: Path) -> None:
    grow(tmp_path, "a.py=disk")
    path = str(tmp_path / "a.py")
    overlay = Overlay()
    assert read(path, overlay) == b"disk"
    overlay.put(path, "# coding: latin-1 é")
    assert overlay.paths() == [path]
    assert read(path, overlay) == "# coding: latin-1 é".encode()
    assert load(path, overlay).text == "# coding: latin-1 é"
    overlay.put(path, b"# coding: latin-1 \xe9")
    assert load(path, overlay).text == "# coding: latin-1 é"
    overlay.put(path, b"\xe9")
    with pytest.raises(SourceError):
        load(path, overlay)
    overlay.drop(path)
    assert load(path, overlay).text == "disk"


@pytest.mark.parametrize(
    "line",
    [
        "from celery import shared_task",
        "@app.task",
        "@tasks.task",
        "@cron_task()",
        "CELERY_BROKER_URL = ''",
        "from proj.tasks import add",
        "add.delay(1)",
        "on_commit(add.delay)",
        "add.apply_async((1,))",
        "app.send_task('add')",
        "task_queues = [kombu.Queue('x')]",
        "@periodic_task(run_every=1)",
    ],
)
def test_what_speaks_of_celery_is_relevant(line: str) -> None:
    assert looks_relevant(line.encode())


@pytest.mark.parametrize("line", ["", "import os", "signature = inspect.signature(f)", "task = 1"])
def test_what_does_not_is_not(line: str) -> None:
    assert not looks_relevant(line.encode())
