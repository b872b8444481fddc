"""Imports point one way, and a run on known facts imports little."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from flake8_celery.extract import extract

from .conftest import Place

PACKAGE = Path(extract.__code__.co_filename).parent.parent
NAME = PACKAGE.name

# Each layer may import from itself and from the layers below it.
LAYERS = [
    ("faces", ["plugin", "cli", "__main__", "inspection"]),
    ("output", ["output", "diagnostic", "pages", "fix"]),
    ("run", ["run", "parallel"]),
    ("rules", ["rules"]),
    ("project", ["project"]),
    ("extract", ["extract", "cache", "selection"]),
    ("facts", ["facts", "rule", "files", "gitignore", "config", "suppress"]),
    ("leaves", ["celery", "source", "celery_versions", "__init__"]),
]
LEVEL = {name: level for level, (_, names) in enumerate(LAYERS) for name in names}
LEAVES = LAYERS[-1][1]

# Against the stream, each for one reason.
ALLOWED = {
    # `load_rules` gives the rules to whoever asks; the rules import `rule` to be registered.
    ("rule", "rules"),
    # A worker process extracts just as the main process does.
    ("extract", "rule"),
}

HEAVY = {
    "ast",
    "astroid",
    "tomllib",
    "dataclasses",
    "logging",
    "pathlib",
    "importlib.metadata",
    "configparser",
    "multiprocessing",
    "packaging",
    "pathspec",
    "subprocess",
}


def imports(path: Path) -> Iterator[str]:
    """The top-level modules and packages of ours that a file imports, except for types only."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    package = [NAME, *parts[:-1]]
    pending: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            pending += node.orelse
            continue
        if isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = [*start, *(node.module or "").split(".")] if node.module else start
            names = [[*module, alias.name] for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        else:
            pending += ast.iter_child_nodes(node)
            continue
        for name in names:
            if name[0] == NAME and len(name) > 1:
                yield name[1] if name[1] in LEVEL else "__init__"


def test_every_module_has_a_layer() -> None:
    code = (p for p in PACKAGE.iterdir() if p.is_dir() or p.suffix == ".py")
    present = {p.stem if p.is_file() else p.name for p in code}
    present -= {"py", "__pycache__", "__init__"}
    known = {name for name in present if not name.startswith(".")}
    assert known - set(LEVEL) == set()


def test_imports_point_one_way() -> None:
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        here = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for there in set(imports(path)):
            if LEVEL[there] < LEVEL[here] and (here, there) not in ALLOWED:
                wrong.append(f"{path.relative_to(PACKAGE)} imports {there}")
    assert wrong == []


def test_leaves_import_only_leaves() -> None:
    for name in LEAVES:
        paths = [PACKAGE / f"{name}.py", *(PACKAGE / name).glob("*.py")]
        for path in paths:
            if path.exists():
                outside = {there for there in imports(path) if there not in (*LEAVES, name)}
                assert outside == set(), path


LIST_MODULES = """
import sys
before = set(sys.modules)
from flake8_celery.cli import main
code = main(["check", "--output-format", "concise", *sys.argv[1:]])
print("MODULES", *sorted(set(sys.modules) - before), file=sys.stderr)
"""


def loaded(place: Place, *arguments: str) -> set[str]:
    """The modules that a run of `check` imports, those that Python itself starts with excepted."""
    ran = place.command(sys.executable, "-c", LIST_MODULES, *arguments)
    return set(ran.err.rpartition("MODULES ")[2].split())


def test_a_warm_run_imports_little(place: Place) -> None:
    place.put({".gitignore": "*.log\n", "requirements.txt": "celery==5.4.0\n"})
    # As old as files are that were not written just now.
    os.utime(place.folder / "requirements.txt", (1e9, 1e9))
    place.write(
        shop__tasks="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost")

        @app.task(bind=True, max_retries=3)
        def add(self, a, b):
            return a + b
        """,
        shop__views="from shop.tasks import add\nadd.delay(1, 2)\n",
    )
    cold = loaded(place)
    assert {"ast", "packaging"} <= cold
    warm = loaded(place)
    assert "flake8_celery.rules" in warm
    assert warm & HEAVY == set()


def test_the_plugin_module_imports_nothing_heavy(place: Place) -> None:
    code = (
        "import sys; before = set(sys.modules); import flake8_celery.plugin;"
        "print(*sorted(set(sys.modules) - before))"
    )
    imported = set(place.command(sys.executable, "-c", code).out.split())
    assert {name for name in imported if name.startswith(NAME)} == {NAME, f"{NAME}.plugin"}
    assert imported & (HEAVY | {"json", "argparse", "flake8"}) == set()
