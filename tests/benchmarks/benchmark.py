"""Measure the tool against the least that its work can cost, and flake8 with and without it.

    python tests/ecosystem/fetch.py --into DIR
    python tests/benchmarks/benchmark.py DIR [--runs 7] [--lines 500000]

DIR holds unpacked applications. Copies of their Python files make a tree of at least ``--lines``
lines; Celery itself is left out, because nearly every file of it is relevant. Every pair is
measured on one machine in one run, round robin, after one run that is not counted, and shown as
the ratio of two medians: seconds say more about the machine than about the tool.

Wall-clock time, process start included, with the files in the page cache. The output is a
Markdown table.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
PYTHON = sys.executable
TOOL = f"{shlex.quote(PYTHON)} -m flake8_celery"
# One line a finding: a frame with a fix preview takes a parse of the file that it is about.
CHECK = ["check", "--isolated", "--exit-zero", "-q", "--output-format", "concise"]
# An installed tool has its bytecode on disk; without it every run would compile all modules.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "PYTHONPATH": str(REPOSITORY),
}
FLAKE8_LINES = 25_000
LONG_AGO = 1_000_000_000


class Command(NamedTuple):
    """One command line to be measured, where it runs, what it gets on standard input, and what is
    to be done before each run."""

    arguments: list[str]
    folder: Path = REPOSITORY
    stdin: bytes = b""
    before: Callable[[], None] = lambda: None


class Case(NamedTuple):
    """Two commands of which the ratio is of interest."""

    title: str
    measured: Command
    reference: Command


class Tree(NamedTuple):
    """Copied applications: their folders and what they add up to."""

    applications: dict[Path, int]
    files: int

    @property
    def lines(self) -> int:
        return sum(self.applications.values())


def run(command: Command) -> float:
    """The seconds that this command takes; a command that fails ends the benchmark."""
    command.before()
    started = time.perf_counter()
    done = subprocess.run(
        command.arguments,
        cwd=command.folder,
        env=ENVIRONMENT,
        input=command.stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{shlex.join(command.arguments)}\n{done.stderr.decode(errors='replace')}")
    return seconds


def measure(cases: list[Case], runs: int) -> list[tuple[float, float]]:
    """The medians of the measured and the reference command of each case, in seconds.

    Round robin: whatever slows the machine down for a while slows all commands down. A command
    that appears in more than one case runs once per round.
    """
    commands: list[Command] = []
    for case in cases:
        for command in (case.measured, case.reference):
            if command not in commands:
                commands.append(command)
    rounds = [[run(command) for command in commands] for _ in range(runs + 1)][1:]
    medians = [median(seconds) for seconds in zip(*rounds, strict=True)]
    return [
        (medians[commands.index(case.measured)], medians[commands.index(case.reference)])
        for case in cases
    ]


def copy_python(source: Path, target: Path) -> tuple[int, int]:
    """Copy the Python files of a folder, no links; return how many files and lines they have.

    The copies are old: a cache does not trust the time of a file that has just been written.
    """
    files = lines = 0
    for folder, _, names in os.walk(source):
        for name in names:
            path = Path(folder, name)
            if name.endswith(".py") and path.is_file() and not path.is_symlink():
                copy = target / path.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
                os.utime(copy, (LONG_AGO, LONG_AGO))
                files += 1
                lines += copy.read_bytes().count(b"\n")
    return files, lines


def build_tree(applications: Path, tree: Path, lines: int) -> Tree:
    """Copy applications into a tree, by name, until it has this many lines."""
    copied: dict[Path, int] = {}
    files = 0
    for source in sorted(path for path in applications.iterdir() if path.is_dir()):
        if source.name.startswith((".", "celery-")):
            continue
        target = tree / source.name
        more, copied[target] = copy_python(source, target)
        files += more
        if sum(copied.values()) >= lines:
            return Tree(copied, files)
    sys.exit(f"{applications}: {sum(copied.values())} lines of Python, not the {lines} asked for")


def relevant_files(tree: Path) -> list[Path]:
    """The files of a tree that the byte prefilter lets through."""
    done = subprocess.run(
        [PYTHON, str(HERE / "floor.py"), "relevant", str(tree)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [Path(line) for line in done.stdout.splitlines()]


def count_lines(paths: list[Path]) -> int:
    return sum(path.read_bytes().count(b"\n") for path in paths)


def change_of(tree: Path, relevant: bool) -> Callable[[], None]:
    """Changes a file of this tree each time it is called: the median one by size of those that
    speak of Celery, or of those that do not."""
    speaking = set(relevant_files(tree))
    paths = [path for path in tree.rglob("*.py") if (path in speaking) == relevant]
    path = sorted(paths, key=lambda path: (path.stat().st_size, path))[len(paths) // 2]

    def change() -> None:
        with path.open("a") as stream:
            stream.write(f"# {time.time_ns()}\n")
        os.utime(path, (LONG_AGO, LONG_AGO + time.time_ns() % LONG_AGO))

    return change


def new_times(tree: Path) -> Callable[[], None]:
    """Gives all files other times, as a fresh checkout does."""

    def touch() -> None:
        stamp = LONG_AGO + time.time_ns() % LONG_AGO
        for path in tree.rglob("*.py"):
            os.utime(path, (stamp, stamp))

    return touch


def check_cases(tool: list[str], tree: Path, doubled: Path, scratch: Path) -> list[Case]:
    """Cold and warm passes against their floors, and how both grow when the tree doubles; what a
    change costs, and a fresh checkout with a cache that was kept; ruff on the same files."""

    def floor(*arguments: str | Path) -> Command:
        return Command([PYTHON, str(HERE / "floor.py"), *map(str, arguments)])

    def cold(folder: Path) -> Command:
        return Command([*tool, *CHECK, "--no-cache", str(folder)])

    def warm(folder: Path, before: Callable[[], None] = lambda: None) -> Command:
        cached = [*tool, *CHECK, "--cache-dir", str(cache_of(folder)), str(folder)]
        return Command(cached, before=before)

    def cache_of(folder: Path) -> Path:
        return scratch / f"cache-{folder.name}"

    run(warm(tree))
    if not any(cache_of(tree).rglob("*.json")):
        sys.exit("the tool left no JSON file in its cache: there is no warm floor to compare with")
    changing = scratch / "changing"
    shutil.copytree(tree, changing)
    cases = [
        Case("cold pass / floor", cold(tree), floor("cold", tree)),
        Case("warm pass / warm floor", warm(tree), floor("warm", tree, cache_of(tree))),
        Case("cold pass, tree doubled / once", cold(doubled), cold(tree)),
        Case("warm pass, tree doubled / once", warm(doubled), warm(tree)),
        Case(
            "a file without Celery changed / warm pass",
            warm(changing, change_of(changing, False)),
            warm(tree),
        ),
        Case(
            "a file with Celery changed / warm pass",
            warm(changing, change_of(changing, True)),
            warm(tree),
        ),
        Case(
            "checkout with a kept cache / warm floor",
            warm(changing, new_times(changing)),
            floor("warm", tree, cache_of(tree)),
        ),
    ]
    ruff = shutil.which("ruff", path=f"{Path(PYTHON).parent}{os.pathsep}{os.environ['PATH']}")
    if ruff is not None:
        options = ["check", "--isolated", "--exit-zero", "-q", "--output-format", "concise"]
        cached = [ruff, *options, "--cache-dir", str(scratch / "ruff"), str(tree)]
        cases.append(Case("warm pass / ruff's default rules, warm", warm(tree), Command(cached)))
    return cases


def flake8_cases(plugin: str, application: Path) -> list[Case]:
    """flake8 with the plugin against flake8 without it: an application, and one file of it.

    The file comes on standard input, as editors send it; it is the relevant file of median length.
    """
    relevant = sorted(relevant_files(application), key=lambda path: path.stat().st_size)
    path = relevant[len(relevant) // 2]

    def flake8(hidden: str, *arguments: str, stdin: bytes = b"") -> Command:
        start = [PYTHON, str(HERE / "hidden_flake8.py"), hidden]
        options = ["--isolated", "--exit-zero", "-j1"]
        return Command([*start, *options, *arguments], application, stdin)

    def on_stdin(hidden: str) -> Command:
        name = str(path.relative_to(application))
        return flake8(hidden, "--stdin-display-name", name, "-", stdin=path.read_bytes())

    return [
        Case("flake8 with plugin / without", flake8("nothing", "."), flake8(plugin, ".")),
        Case(
            f"flake8 on one file of {count_lines([path])} lines, with plugin / without",
            on_stdin("nothing"),
            on_stdin(plugin),
        ),
    ]


def is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def table(cases: list[Case], medians: list[tuple[float, float]]) -> str:
    lines = ["| case | ratio | seconds | reference |", "| --- | ---: | ---: | ---: |"]
    for case, (measured, reference) in zip(cases, medians, strict=True):
        ratio = measured / reference
        lines.append(f"| {case.title} | {ratio:.2f} | {measured:.3f} | {reference:.3f} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the tool against its floor.")
    parser.add_argument("applications", type=Path, metavar="DIR", help="unpacked applications")
    parser.add_argument("--runs", type=int, default=7, help="runs of each command (default: 7)")
    parser.add_argument("--lines", type=int, default=500_000, help="least size of the tree")
    parser.add_argument("--command", default=TOOL, help="the tool to run (default: this one)")
    parser.add_argument(
        "--plugin",
        default="flake8-celery",
        metavar="DISTRIBUTION",
        help="what flake8 is run without (default: flake8-celery)",
    )
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="flake8-celery-benchmark-") as name:
        scratch = Path(name).resolve()
        once, doubled = scratch / "once", scratch / "doubled"
        tree = build_tree(options.applications, once, options.lines)
        for half in ("first", "second"):
            copy_python(once, doubled / half)
        # The application whose size comes nearest to what one flake8 run should take.
        small = min(
            tree.applications,
            key=lambda folder: abs(tree.applications[folder] - FLAKE8_LINES),
        )

        cases = check_cases(shlex.split(options.command), once, doubled, scratch)
        if is_installed(options.plugin):
            cases += flake8_cases(options.plugin, small)
        else:
            print(f"{options.plugin} is not installed: flake8 is left out", file=sys.stderr)
        medians = measure(cases, options.runs)

        relevant = relevant_files(once)
        share = count_lines(relevant) / tree.lines
        print(
            f"Tree: {tree.files:,} files, {tree.lines:,} lines, {len(relevant):,} files and "
            f"{share:.1%} of the lines relevant. flake8: {small.name}, "
            f"{tree.applications[small]:,} lines. Medians of {options.runs} runs, "
            f"Python {platform.python_version()}, {os.cpu_count()} processors.\n"
        )
        print(table(cases, medians))
    return 0


if __name__ == "__main__":
    sys.exit(main())
