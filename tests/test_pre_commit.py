"""The hooks, as pre-commit runs them on a repository of somebody else.

pre-commit installs this package with all that it needs, so these tests want it and an index of
packages; they are skipped where either is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import ROOT

PRE_COMMIT = shutil.which("pre-commit")
BAD = 'from celery import Celery\n\napp = Celery("shop", broker="redis://")\n'
BAD += "app.conf.worker_prefetch_multiplier = 0\n"

pytestmark = pytest.mark.skipif(PRE_COMMIT is None, reason="pre-commit is not installed")


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A repository that holds what the hooks install, and the environment for pre-commit."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in ("flake8_celery", "rule_docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, folder / name)
    (folder / ".gitignore").write_text("")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "PRE_COMMIT_HOME": str(tmp_path_factory.mktemp("home")),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@example.com",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example.com",
    }
    commit(folder, environment)
    return folder, environment


def commit(folder: Path, environment: dict[str, str]) -> None:
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", *words], cwd=folder, env=environment, check=True)


def ran(
    hook: str, folder: Path, hooks: tuple[Path, dict[str, str]], *flags: str
) -> subprocess.CompletedProcess[str]:
    """Runs a hook on a repository with `pre-commit try-repo`."""
    source, environment = hooks
    command = [str(PRE_COMMIT), "try-repo", str(source), hook, "--verbose", *flags]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    if "An unexpected error has occurred" in done.stdout:
        pytest.skip(f"pre-commit cannot install the hook: {done.stdout[-300:]}")
    return done


@pytest.fixture
def project(tmp_path: Path, hooks: tuple[Path, dict[str, str]]) -> Path:
    (tmp_path / "bad.py").write_text(BAD)
    (tmp_path / "good.py").write_text("import celery\n")
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "bad.py").write_text(BAD)
    commit(tmp_path, hooks[1])
    return tmp_path


def test_the_manifest_is_valid() -> None:
    manifest = str(ROOT / ".pre-commit-hooks.yaml")
    subprocess.run([str(PRE_COMMIT), "validate-manifest", manifest], check=True)


def test_files_that_are_committed(project: Path, hooks: tuple[Path, dict[str, str]]) -> None:
    done = ran("flake8-celery", project, hooks, "--all-files")
    assert done.returncode == 1
    assert done.stdout.count("CEL440") == 1 and "bad.py:4:10" in done.stdout
    assert "exit code: 1" in done.stdout
    done = ran("flake8-celery", project, hooks, "--files", "good.py")
    assert done.returncode == 0 and "All checks passed!" in done.stdout


def test_the_whole_project(project: Path, hooks: tuple[Path, dict[str, str]]) -> None:
    done = ran("flake8-celery-project", project, hooks, "--files", "good.py")
    assert done.returncode == 1 and done.stdout.count("CEL440") == 1
