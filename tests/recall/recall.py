"""Seed one defect at a time into clean projects, and count which are found.

    python -m tests.recall.recall [CEL101 ...]    the table, and each seed that is missed
    python -m tests.recall.recall --extra         also what else the seeds make the rules find

The seeds are in `seeds/`, one file for each band of rules.  A seed is a line that names its rule
and says how the defect is written, and what changes in the clean project:

    CEL011 the hard limit in the settings, the soft one on the task
    project config_dict
    app/tasks.py
      @shared_task
    - def pay(order_id):
    + def pay(order_id):  # error

`project` names a clean project: one of `projects/` here or of the oracles, else it is the sample
shop.  Lines that begin with `- ` go, those with `+ ` come, those with two spaces stay; the old
lines must be in the file exactly once.  A piece of new lines only goes to the end of the file,
which may be a new one.  `@@` begins another piece.  The finding must stand on the line that ends
in `# error`; the comment itself is not in the seeded project.  A seed that is known to be missed
says why: `missed REASON`.  What is wrong wherever it is configured is in `layers.toml`.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from flake8_celery import config
from flake8_celery.rule import Finding, load_rules
from flake8_celery.run import analyse, request_for

TESTS = Path(__file__).parent.parent
SEEDS = Path(__file__).with_name("seeds")
LAYERS = Path(__file__).with_name("layers.toml")
SHOP = "shop_repaired"
MARK = "  # error"
HEADING = re.compile(r"(CEL\d{3}) (\S.*)")
FOUND, MISSED, NO_RULE = "found", "missed", "no such rule"


class SeedError(ValueError):
    """A seed that is not written as it should be, or does not fit its project."""


class Piece(NamedTuple):
    """One change of a file: the lines that were there, and those that are there instead."""

    path: str
    old: tuple[str, ...]
    new: tuple[str, ...]


class Seed(NamedTuple):
    """One defect, written in one way.  `missed` says why it is not found, where that is known."""

    code: str
    how: str
    project: str
    pieces: tuple[Piece, ...]
    missed: str

    def __str__(self) -> str:
        return f"{self.code} {self.how}"


class Outcome(NamedTuple):
    """What became of a seed.  `extra` are the findings that neither it nor the clean one wants."""

    seed: Seed
    verdict: str
    extra: list[Finding]


def read_seeds(folder: Path = SEEDS) -> list[Seed]:
    """All seeds, in order of their files, and those of `layers.toml`.  Raises SeedError."""
    return [
        *(
            seed
            for path in sorted(folder.glob("*.txt"))
            for seed in parse(path.read_text(encoding="utf-8").splitlines())
        ),
        *layered(tomllib.loads(LAYERS.read_text(encoding="utf-8"))),
    ]


def layered(data: dict[str, Any]) -> Iterator[Seed]:
    """Each setting of `layers.toml` in each of its layers."""
    for layer in data["layer"]:
        for setting in data["setting"]:
            code, name, value = setting["code"], setting["name"], setting["value"]
            if name in layer.get("except", ()):
                continue
            marked = [
                f"{line}{MARK}" if "{value}" in line else line
                for line in layer["new"].strip("\n").splitlines()
            ]
            new = tuple(m.format(name=name, NAME=name.upper(), value=value) for m in marked)
            piece = Piece(layer["file"], (layer["old"],), new)
            missed = layer.get("missed", "")
            yield Seed(code, f"{name}: {layer['how']}", layer["project"], (piece,), missed)


def parse(lines: list[str]) -> Iterator[Seed]:
    """The seeds of one file.  Raises SeedError."""
    starts = [at for at, line in enumerate(lines) if HEADING.fullmatch(line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        heading = HEADING.fullmatch(lines[start])
        assert heading
        code, how = heading.groups()
        project, missed = SHOP, ""
        pieces: list[tuple[str, list[str], list[str]]] = []
        for line in lines[start + 1 : end]:
            kind, rest = line[:2], line[2:]
            if line.startswith("project "):
                project = line.removeprefix("project ")
            elif line.startswith("missed "):
                missed = line.removeprefix("missed ")
            elif line == "@@":
                pieces.append((pieces[-1][0], [], []))
            elif kind in ("- ", "-") and pieces:
                pieces[-1][1].append(rest)
            elif kind in ("+ ", "+") and pieces:
                pieces[-1][2].append(rest)
            elif kind == "  " and pieces:
                pieces[-1][1].append(rest.removesuffix(MARK))
                pieces[-1][2].append(rest)
            elif re.fullmatch(r"[\w./-]+\.\w+", line):
                pieces.append((line, [], []))
            elif line and not line.startswith("# "):
                raise SeedError(f"{code} {how}: not part of a seed: {line}")
        seed = Seed(
            code, how, project, tuple(Piece(p, tuple(o), tuple(n)) for p, o, n in pieces), missed
        )
        if sum(line.endswith(MARK) for piece in seed.pieces for line in piece.new) != 1:
            raise SeedError(f"{seed}: one line ends in `{MARK.strip()}`")
        yield seed


def folder_of(project: str) -> Path:
    """Where the clean project is."""
    shelves = (TESTS / "projects", TESTS / "recall" / "projects", TESTS / "oracles" / "projects")
    return next((shelf / project for shelf in shelves if (shelf / project).is_dir()), Path(project))


def files_of(project: str) -> dict[str, str]:
    """The text of each file of a clean project, by its path."""
    folder = folder_of(project)
    if not folder.is_dir():
        raise SeedError(f"no project {project}")
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in (".py", ".toml", ".ini", ".cfg", ".txt", ".yml")
    }


def seeded(seed: Seed, clean: dict[str, str]) -> tuple[dict[str, str], tuple[str, int]]:
    """The files of the seeded project, and where the finding must stand: path and row.

    Raises SeedError where the seed does not fit."""
    marked = {path: text.splitlines() for path, text in clean.items()}
    for path, old, new in seed.pieces:
        lines = marked.setdefault(path, [])
        if not old:
            lines += new if not lines else ["", "", *new]
            continue
        at = [i for i in range(len(lines)) if tuple(lines[i : i + len(old)]) == old]
        if len(at) != 1:
            raise SeedError(f"{seed}: {len(at)} times in {path}: {old[0]}")
        lines[at[0] : at[0] + len(old)] = new
    (place,) = [
        (path, row)
        for path, lines in marked.items()
        for row, line in enumerate(lines, start=1)
        if line.endswith(MARK)
    ]
    texts = {
        path: "".join(f"{line.removesuffix(MARK)}\n" for line in lines)
        for path, lines in marked.items()
    }
    for path, text in texts.items():
        if path.endswith(".py"):
            try:
                compile(text, path, "exec")
            except SyntaxError as error:
                raise SeedError(f"{seed}: {path}:{error.lineno}: {error.msg}") from None
    return texts, place


def findings(files: dict[str, str]) -> list[Finding]:
    """What all rules find in a project of these files."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        request = request_for(folder, config.at(folder) or config.NO_CONFIG)
        analysis = analyse(request._replace(cache_dir=None), load_rules().values())
    if analysis.problems or analysis.warnings:
        raise SeedError(f"{analysis.problems} {analysis.warnings}")
    return analysis.findings


def by_line(found: Iterable[Finding], files: dict[str, str]) -> set[tuple[str, str, str]]:
    """(code, path, text of the line) of each finding: the same in both projects."""
    return {(f.code, f.path, files[f.path].splitlines()[f.span[0] - 1].strip()) for f in found}


class Field:
    """The clean projects, each judged once, and the defects that are seeded into them."""

    def __init__(self) -> None:
        self._clean: dict[str, tuple[dict[str, str], set[tuple[str, str, str]]]] = {}
        self._rules = load_rules()

    def sow(self, seed: Seed) -> Outcome:
        """Seeds one defect, and says what became of it.

        Raises SeedError for a seed that does not fit, or a project that is not clean of it."""
        if seed.project not in self._clean:
            files = files_of(seed.project)
            self._clean[seed.project] = files, by_line(findings(files), files)
        files, before = self._clean[seed.project]
        texts, (path, row) = seeded(seed, files)
        if (seed.code, path, texts[path].splitlines()[row - 1].strip()) in before:
            raise SeedError(f"{seed}: found in the clean project already")
        if seed.code not in self._rules:
            return Outcome(seed, NO_RULE, [])
        found = findings(texts)
        wanted = [f for f in found if (f.code, f.path, f.span[0]) == (seed.code, path, row)]
        extra = [f for f in found if f not in wanted and not by_line([f], texts) <= before]
        return Outcome(seed, FOUND if wanted else MISSED, extra)


def table(outcomes: Iterable[Outcome]) -> str:
    """A Markdown table: how many seeds of each rule are found, and of all of them."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    missing = set()
    for seed, verdict, _ in outcomes:
        if verdict == NO_RULE:
            missing.add(seed.code)
            continue
        for row in (seed.code, "all"):
            counts[row][0] += 1
            counts[row][1] += verdict == FOUND
    lines = ["| rule | seeds | found |", "| --- | ---: | ---: |"]
    for code in [*sorted(counts.keys() - {"all"}), "all"]:
        sown, hits = counts[code]
        share = f" ({hits / sown:.1%})" if code == "all" else ""
        lines.append(f"| {code} | {sown} | {hits}{share} |")
    if missing:
        lines.append(f"\n{NO_RULE}: {', '.join(sorted(missing))}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Count which seeded defects are found.")
    parser.add_argument("codes", nargs="*", metavar="CODE", help="default: every rule")
    parser.add_argument("--extra", action="store_true", help="also show other findings")
    options = parser.parse_args(arguments)
    field, outcomes, status = Field(), [], 0
    for seed in read_seeds():
        if options.codes and seed.code not in options.codes:
            continue
        try:
            outcomes.append(field.sow(seed))
        except SeedError as error:
            print(error, file=sys.stderr)
            status = 2
    print(table(outcomes))
    for seed, verdict, extra in outcomes:
        if verdict == MISSED:
            print(f"missed: {seed}: {seed.missed or 'unexplained'}")
        if verdict == FOUND and seed.missed:
            print(f"found, though it is said to be missed: {seed}")
        if options.extra:
            for f in extra:
                print(f"{seed}: also {f.path}:{f.span[0]}: {f.code} {f.message}")
    return status


if __name__ == "__main__":
    sys.exit(main())
