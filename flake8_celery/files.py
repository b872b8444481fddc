"""The files of a project: where it begins, which files it has, and their bytes.

Excludes mean what they mean to ruff, ignore files what they mean to git.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from . import gitignore
from .source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

DEFAULT_EXCLUDES: tuple[str, ...] = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".git-rewrite",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".vscode",
    "__pypackages__",
    "_build",
    "buck-out",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
)
"""ruff 0.17.5's default `exclude`, as `ruff check --show-settings` prints it."""

ROOT_MARKERS = (
    ".git",
    ".hg",
    "flake8-celery.toml",
    ".flake8-celery.toml",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "tox.ini",
)

CONFIG_FILES = frozenset({".flake8-celery.toml", "flake8-celery.toml", "pyproject.toml"})

NEEDLES: tuple[bytes, ...] = (
    b"elery",
    b".task",
    b"_task",
    b"ELERY",
    b".delay",
    b"apply_async",
    b"kombu",
)
"""What bytes say of Celery, most frequent first. On two million lines of applications they
select 12 % of the files, and every file that defines a task with a decorator named after
tasks. `crontab`, `on_commit`, `signature` and `.s(` add files without Celery, or none."""


def looks_relevant(data: bytes) -> bool:
    """Whether a file may say something of Celery; False only where it says nothing by itself.

    A module that merely re-exports, or a wrapper that never spells a task, is irrelevant here
    and is found through the names that lead to it.
    """
    return any(needle in data for needle in NEEDLES)


def find_root(path: str) -> str:
    """The absolute folder of the project that a file or folder belongs to.

    It is the nearest folder at or above `path` that holds a repository or a configuration file
    (so that each project of a monorepo is one), else the folder of `path` itself. The home
    folder, what is above it, and the root of the file system are never reached by climbing: a
    stray `pyproject.toml` there does not make a project of everything.
    """
    start = os.path.abspath(path)
    if not os.path.isdir(start):
        start = os.path.dirname(start)
    home = os.path.abspath(os.path.expanduser("~"))
    barred = {home, os.path.realpath(home)}
    barred |= {above for folder in barred for above in _folders_above(folder)}
    for folder in (start, *_folders_above(start)):
        if folder in barred or folder == os.path.dirname(folder):
            break
        if any(os.path.exists(os.path.join(folder, marker)) for marker in ROOT_MARKERS):
            return folder
    return start


def _folders_above(folder: str) -> Iterator[str]:
    while (above := os.path.dirname(folder)) != folder:
        yield above
        folder = above


class FileEntry(NamedTuple):
    """A file that the walk found: absolute path, time in nanoseconds, size in bytes."""

    path: str
    mtime_ns: int
    size: int


def _silent(message: str) -> None:
    """The default for `warn`."""


def walk(
    root: str,
    *,
    exclude: Iterable[str] = DEFAULT_EXCLUDES,
    extend_exclude: Iterable[str] = (),
    base: str | None = None,
    respect_gitignore: bool = True,
    suffixes: tuple[str, ...] = (".py", ".pyi"),
    warn: Callable[[str], None] = _silent,
    verdicts: gitignore.Verdicts | None = None,
    configured: list[str] | None = None,
    deployment: list[FileEntry] | None = None,
) -> Iterator[FileEntry]:
    """The files below `root` that end in one of `suffixes`: by name within a folder, a folder's
    files before its subfolders'.

    Excludes are globs as ruff's: one without a slash matches a file's or folder's name, any
    matches the path relative to `base` (the folder of the configuration, `root` unless given),
    and `*` also matches a slash. `.ignore` files are honoured anywhere, `.gitignore` and
    `.git/info/exclude` inside a repository, those above `root` too; a user's own global ignore
    file is not read. Links to folders are not followed. A folder that cannot be read is passed
    to `warn` and skipped; a file that vanishes is skipped. `verdicts` remembers what git ignores
    from one run to the next. `configured` collects the folders that hold a configuration file,
    `deployment` the files that may say how the project is run.
    """
    root = os.path.abspath(root)
    excluded = Patterns((*exclude, *extend_exclude), base or root)
    verdicts = {} if verdicts is None else verdicts
    chain = gitignore.above(root) if respect_gitignore else gitignore.NOTHING
    pending = [(root, chain)]
    while pending:
        folder, chain = pending.pop()
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=_name)
        except OSError as error:
            warn(f"cannot read {folder}: {error.strerror}")
            continue
        names = [entry.name for entry in entries]
        if respect_gitignore:
            chain = gitignore.enter(folder, chain, names)
        if configured is not None and not CONFIG_FILES.isdisjoint(names):
            configured.append(folder)
        candidates = []
        for entry in entries:
            name = entry.name
            try:
                is_folder = entry.is_dir(follow_symlinks=False)
            except OSError:
                continue
            wanted = is_folder or name.endswith(suffixes)
            if not wanted and deployment is not None:
                wanted = may_deploy(name)
            if wanted and not excluded.match(name, entry.path):
                candidates.append((entry, is_folder))
        ignored = gitignore.ignored(
            folder,
            chain,
            [e.name + "/" if is_folder else e.name for e, is_folder in candidates],
            verdicts,
        )
        below = []
        for entry, is_folder in candidates:
            if entry.name in ignored:
                continue
            if is_folder:
                below.append((entry.path, chain))
                continue
            try:
                status = entry.stat()
            except OSError:
                continue
            if not stat.S_ISREG(status.st_mode):
                continue
            found = FileEntry(entry.path, status.st_mtime_ns, status.st_size)
            if entry.name.endswith(suffixes):
                yield found
            elif deployment is not None and found.size <= LARGEST_DEPLOYMENT:
                deployment.append(found)
        pending.extend(reversed(below))


# Nobody writes one that is larger; a dump of data may be called `.yml` as well.
LARGEST_DEPLOYMENT = 16 << 20
DEPLOYMENT_ENDINGS = (".yml", ".yaml", ".sh", ".service", ".conf", ".ini", ".mk", ".dockerfile")
DEPLOYMENT_STARTS = ("procfile", "dockerfile")
DEPLOYMENT_NAMES = frozenset({"makefile", "gnumakefile", "pyproject.toml", "package.json"})


def may_deploy(name: str) -> bool:
    """Whether a file of this name may hold commands that run the project."""
    name = name.lower()
    return not name.startswith(".") and (
        name.endswith(DEPLOYMENT_ENDINGS)
        or name.startswith(DEPLOYMENT_STARTS)
        or name in DEPLOYMENT_NAMES
        # `start-celery-worker`, as images call their scripts.
        or ("." not in name and ("celery" in name or name.startswith(("start", "entrypoint"))))
    )


def is_excluded(path: str, base: str, exclude: Iterable[str]) -> bool:
    """Whether patterns leave out a file or folder, or a folder around it below `base`."""
    excluded = Patterns(exclude, base)
    while path != base and path != os.path.dirname(path):
        if excluded.match(os.path.basename(path), path):
            return True
        path = os.path.dirname(path)
    return False


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


class Patterns:
    """Patterns of files and folders, as in `exclude`: one without a slash matches a name, any
    matches a path that starts from `base`. Most are plain names; only the others are compiled."""

    __slots__ = ("_globs", "_known", "_literals", "_name_globs")

    def __init__(self, patterns: Iterable[str], base: str) -> None:
        self._literals: set[str] = set()
        self._name_globs: list[str] = []
        self._globs: list[str] = []
        # Few names are new: `tests`, `migrations`, `__init__.py` are everywhere.
        self._known: dict[str, bool] = {}
        for pattern in [variant for given in patterns for variant in _variants(given)]:
            wild = any(character in pattern for character in "*?[")
            path = os.path.normpath(os.path.join(base, pattern))
            if not wild:
                self._literals.add(path if "/" in pattern else pattern)
                continue
            if "/" not in pattern:
                self._name_globs.append(pattern)
            escaped = "".join(f"[{c}]" if c in "*?[" else c for c in base)
            self._globs.append(os.path.join(escaped, os.path.normpath(pattern)))

    def match(self, name: str, path: str) -> bool:
        """Whether a file or folder is left out, by its name or its absolute path."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = name in self._literals or _any(self._name_globs, name)
        return known or path in self._literals or _any(self._globs, path)


def _variants(pattern: str) -> list[str]:
    """A ruff pattern in the words of `fnmatch`, whose `*` crosses slashes as well: `{a,b}` is
    taken apart, and `**/` may also stand for nothing."""
    opened, closed = pattern.find("{"), pattern.find("}")
    if 0 <= opened < closed:
        before, after = pattern[:opened], pattern[closed + 1 :]
        words = pattern[opened + 1 : closed].split(",")
        return [variant for word in words for variant in _variants(before + word + after)]
    if "**/" in pattern:
        return [*_variants(pattern.replace("**/", "", 1)), pattern.replace("**/", "*/")]
    return [pattern]


def _any(globs: list[str], text: str) -> bool:
    if not globs:
        return False
    from fnmatch import fnmatchcase

    return any(fnmatchcase(text, glob) for glob in globs)


class Overlay:
    """Contents that win over the disk: standard input, flake8's lines, an editor's buffers.

    A content is bytes as a file would have them, or text that somebody already decoded.
    """

    __slots__ = ("_contents",)

    def __init__(self) -> None:
        self._contents: dict[str, bytes | str] = {}

    def put(self, path: str, content: bytes | str) -> None:
        self._contents[os.path.abspath(path)] = content

    def drop(self, path: str) -> None:
        self._contents.pop(os.path.abspath(path), None)

    def get(self, path: str) -> bytes | str | None:
        """The content put for an absolute path, None where there is none."""
        return self._contents.get(path)

    def paths(self) -> list[str]:
        """The absolute paths that have a content, whether the disk knows them or not."""
        return list(self._contents)


def read(path: str, overlay: Overlay | None = None, size: int = -1) -> bytes:
    """The bytes of a file. `path` is absolute; `size` is the expected size where it is known.
    Raises OSError. Every byte of a project is read here."""
    if overlay is not None and (content := overlay.get(path)) is not None:
        return content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error), path) from error
    try:
        if size < 0:
            size = os.fstat(handle).st_size
        data = os.read(handle, size + 1)
        if len(data) == size:
            return data
        chunks = [data]
        while chunk := os.read(handle, 1 << 20):
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        os.close(handle)


def load(path: str, overlay: Overlay | None = None) -> Source:
    """The decoded source of a file. Raises OSError and SourceError (of kind "encoding")."""
    content = overlay.get(path) if overlay is not None else None
    if isinstance(content, str):
        return Source.from_text(content, path)
    return Source.decode(read(path, overlay), path)
