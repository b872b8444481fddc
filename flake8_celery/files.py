"""The files of a project: where it begins, which files it has, and their bytes.

Excludes mean what they mean to ruff, ignore files what they mean to git. The ignore files are
read here and not by a library, because importing one takes longer than the whole walk.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from flake8_celery.source import Source

if TYPE_CHECKING:
    import re
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

REPOSITORY_MARKERS = (".git", ".hg")
CONFIGURATION_FILES = (
    "flake8-celery.toml",
    ".flake8-celery.toml",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "tox.ini",
)

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

    It is the nearest folder at or above `path` with a repository (`.git`, `.hg`), else the
    nearest with a configuration file, else the folder of `path` itself. The home folder, what
    is above it, and the root of the file system are never reached by climbing: a stray
    `pyproject.toml` there does not make a project of everything.
    """
    start = os.path.abspath(path)
    if not os.path.isdir(start):
        start = os.path.dirname(start)
    home = os.path.abspath(os.path.expanduser("~"))
    barred = {home, os.path.realpath(home)}
    barred |= {above for folder in barred for above in _folders_above(folder)}
    climbed = []
    for folder in (start, *_folders_above(start)):
        if folder in barred or folder == os.path.dirname(folder):
            break
        climbed.append(folder)
    for markers in (REPOSITORY_MARKERS, CONFIGURATION_FILES):
        for folder in climbed:
            if any(os.path.exists(os.path.join(folder, marker)) for marker in markers):
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
) -> Iterator[FileEntry]:
    """The files below `root` that end in one of `suffixes`: by name within a folder, a folder's
    files before its subfolders'.

    Excludes are globs as ruff's: one without a slash matches a file's or folder's name, any
    matches the path relative to `base` (the folder of the configuration, `root` unless given),
    and `*` also matches a slash. `.ignore` files are honoured anywhere, `.gitignore` and
    `.git/info/exclude` inside a repository, those above `root` too; a user's own global ignore
    file is not read. Links to folders are not followed. A folder that cannot be read is passed
    to `warn` and skipped; a file that vanishes is skipped.
    """
    root = os.path.abspath(root)
    excluded = _exclude_table((*exclude, *extend_exclude), base or root)
    in_repository = False
    ignores: tuple[_IgnoreFile, ...] = ()
    if respect_gitignore:
        in_repository, ignores = _ignores_above(root, suffixes)
    pending = [(root, in_repository, ignores)]
    while pending:
        folder, in_repository, ignores = pending.pop()
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=_name)
        except OSError as error:
            warn(f"cannot read {folder}: {error.strerror}")
            continue
        if respect_gitignore:
            names = [entry.name for entry in entries if entry.name in _IGNORE_MARKERS]
            if names:
                in_repository = in_repository or ".git" in names
                ignores += _ignores_of(folder, names, in_repository, suffixes)
        below = []
        for entry in entries:
            name, path = entry.name, entry.path
            try:
                is_folder = entry.is_dir(follow_symlinks=False)
                if not is_folder and not name.endswith(suffixes):
                    continue
                if excluded.last(name, path) >= 0 or _ignored(ignores, name, path, is_folder):
                    continue
                if is_folder:
                    below.append((path, in_repository, ignores))
                    continue
                status = entry.stat()
                if stat.S_ISREG(status.st_mode):
                    yield FileEntry(path, status.st_mtime_ns, status.st_size)
            except OSError:
                continue
        pending.extend(reversed(below))


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


_IGNORE_MARKERS = frozenset((".git", ".gitignore", ".ignore"))


class _Glob:
    """A pattern with wildcards. Its literal ends are compared first, so that most patterns are
    never compiled."""

    __slots__ = ("_compiled", "_crossing", "_glob", "_prefix", "_suffix")

    def __init__(self, glob: str, crossing: bool) -> None:
        special = [index for index, character in enumerate(glob) if character in "*?[]{}\\"]
        self._glob = glob
        self._crossing = crossing
        self._prefix = glob[: special[0]]
        # `**/name` also matches `name`.
        self._suffix = glob[special[-1] + 1 :].removeprefix("/")
        self._compiled: re.Pattern[str] | None = None

    def may_end(self, ends: tuple[str, ...]) -> bool:
        """Whether the pattern can match anything that ends in one of `ends`."""
        if self._suffix:
            return any(end.endswith(self._suffix) or self._suffix.endswith(end) for end in ends)
        _, opened, last = self._glob[:-1].rpartition("[")
        if opened and last.isalnum() and self._glob.endswith("]"):
            return any(end[-1:] in last for end in ends)
        return True

    def matches(self, text: str) -> bool:
        if not (text.startswith(self._prefix) and text.endswith(self._suffix)):
            return False
        if self._compiled is None:
            import re

            self._compiled = re.compile(_regex(self._glob, self._crossing), re.DOTALL)
        return self._compiled.fullmatch(text) is not None


class _Table:
    """Numbered patterns, asked for the last one that matches."""

    __slots__ = ("_known", "_names", "_paths", "name_globs", "path_globs")

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._paths: dict[str, int] = {}
        self.name_globs: list[tuple[int, _Glob]] = []
        self.path_globs: list[tuple[int, _Glob]] = []
        # Few names are new: `tests`, `migrations`, `__init__.py` are everywhere.
        self._known: dict[str, int] = {}

    def add(self, index: int, glob: str, on_path: bool, crossing: bool) -> None:
        if _has_wildcards(glob, crossing):
            globs = self.path_globs if on_path else self.name_globs
            globs.append((index, _Glob(glob, crossing)))
        else:
            (self._paths if on_path else self._names)[glob] = index

    def last(self, name: str, path: str) -> int:
        """The number of the last pattern that matches, -1 where none does."""
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = _last(name, self._names, self.name_globs)
        if self._paths or self.path_globs:
            return max(found, _last(path, self._paths, self.path_globs))
        return found


def _last(text: str, literals: dict[str, int], globs: list[tuple[int, _Glob]]) -> int:
    found = literals.get(text, -1)
    for index, glob in reversed(globs):
        if index < found:
            break
        if glob.matches(text):
            return index
    return found


def _has_wildcards(glob: str, crossing: bool) -> bool:
    return any(character in glob for character in ("*?[\\{" if crossing else "*?[\\"))


def _exclude_table(patterns: Iterable[str], base: str) -> _Table:
    table = _Table()
    escaped = "".join(f"[{character}]" if character in "*?[{" else character for character in base)
    for index, pattern in enumerate(patterns):
        named = "/" not in pattern
        if named:
            table.add(index, pattern, False, True)
        if not named or _has_wildcards(pattern, True):
            table.add(index, os.path.normpath(os.path.join(escaped, pattern)), True, True)
    return table


class _IgnoreFile:
    """The patterns of one ignore file, for the folder that it stands in."""

    __slots__ = ("_files", "_folders", "_negated", "_skip")

    def __init__(self, folder: str, text: str, suffixes: tuple[str, ...]) -> None:
        self._skip = len(folder.rstrip("/")) + 1
        self._files = _Table()
        self._folders = _Table()
        self._negated: list[bool] = []
        for line in text.removeprefix("\ufeff").split("\n"):
            self._add(line.removesuffix("\r"))
        # Most patterns (`*.log`, `*.py[cod]`) cannot match a file that the walk looks at.
        files = self._files
        files.name_globs = [pair for pair in files.name_globs if pair[1].may_end(suffixes)]
        files.path_globs = [pair for pair in files.path_globs if pair[1].may_end(suffixes)]

    def _add(self, line: str) -> None:
        pattern = line.rstrip(" ")
        if pattern.endswith("\\") and pattern != line:
            pattern += " "
        negated = pattern.startswith("!")
        pattern = pattern.removeprefix("!")
        folders_only = pattern.endswith("/")
        pattern = pattern.removesuffix("/")
        if not pattern or line.startswith("#"):
            return
        index = len(self._negated)
        self._negated.append(negated)
        on_path = "/" in pattern
        pattern = pattern.removeprefix("/")
        self._folders.add(index, pattern, on_path, False)
        if not folders_only:
            self._files.add(index, pattern, on_path, False)

    def verdict(self, name: str, path: str, is_folder: bool) -> bool | None:
        """Whether the last pattern that matches ignores the path; None where none matches."""
        table = self._folders if is_folder else self._files
        index = table.last(name, path[self._skip :])
        return None if index < 0 else not self._negated[index]


def _ignored(ignores: tuple[_IgnoreFile, ...], name: str, path: str, is_folder: bool) -> bool:
    for ignore in reversed(ignores):
        if (verdict := ignore.verdict(name, path, is_folder)) is not None:
            return verdict
    return False


def _ignores_of(
    folder: str, names: Iterable[str], in_repository: bool, suffixes: tuple[str, ...]
) -> tuple[_IgnoreFile, ...]:
    """The ignore files of one folder, the strongest last."""
    found = []
    for marker, name, of_git in (
        (".git", ".git/info/exclude", True),
        (".gitignore", ".gitignore", True),
        (".ignore", ".ignore", False),
    ):
        if marker in names and (in_repository or not of_git):
            try:
                text = read(os.path.join(folder, name)).decode("utf-8", "surrogateescape")
            except OSError:
                continue
            found.append(_IgnoreFile(folder, text, suffixes))
    return tuple(found)


def _ignores_above(folder: str, suffixes: tuple[str, ...]) -> tuple[bool, tuple[_IgnoreFile, ...]]:
    """Whether `folder` is inside a repository, and the ignore files above it, outermost first."""
    above = []
    if os.path.exists(os.path.join(folder, ".git")):
        return True, ()
    for parent in _folders_above(folder):
        above.append(parent)
        if os.path.exists(os.path.join(parent, ".git")):
            break
    else:
        return False, ()
    ignores: tuple[_IgnoreFile, ...] = ()
    for parent in reversed(above):
        ignores += _ignores_of(parent, _IGNORE_MARKERS, True, suffixes)
    return True, ignores


def _regex(glob: str, crossing: bool) -> str:
    """A regular expression for a glob. `crossing` is globset's reading, in which a wildcard
    matches a slash and `{a,b}` is an alternative; without it git's. What neither can read
    matches nothing."""
    import re

    anything, one = (".*", ".") if crossing else ("[^/]*", "[^/]")
    parts: list[str] = []
    depth = 0
    index = 0
    while index < len(glob):
        character = glob[index]
        index += 1
        if character == "*":
            start = index - 1
            while glob[index : index + 1] == "*":
                index += 1
            whole = index - start > 1 and (start == 0 or glob[start - 1] == "/")
            if whole and glob[index : index + 1] == "/":
                index += 1
                parts.append("(?:.*/)?")
            else:
                parts.append(".*" if whole and index == len(glob) else anything)
        elif character == "?":
            parts.append(one)
        elif character == "[":
            if not (
                found := re.compile(r"([!^]?)(\]?(?:\\.|[^\]\\])*)\]", re.DOTALL).match(glob, index)
            ):
                return "(?!)"
            index = found.end()
            parts.append(_character_class(found[2], bool(found[1]), crossing))
        elif character == "\\":
            if index == len(glob):
                return "(?!)"
            parts.append(re.escape(glob[index]))
            index += 1
        elif crossing and character == "{":
            depth += 1
            parts.append("(?:")
        elif depth and character in ",}":
            depth -= character == "}"
            parts.append("|" if character == "," else ")")
        else:
            parts.append(re.escape(character))
    return "(?!)" if depth else "".join(parts)


def _character_class(inside: str, negated: bool, crossing: bool) -> str:
    import re

    characters = re.findall(r"\\.|[^\\]", inside, re.DOTALL)
    items = []
    while characters:
        low = characters.pop(0)[-1]
        high = low
        if len(characters) > 1 and characters[0] == "-":
            high = characters[1][-1]
            del characters[:2]
        if low <= high:
            items.append(f"{re.escape(low)}-{re.escape(high)}")
    one = f"[{'^' if negated else ''}{''.join(items)}]" if items else ("." if negated else "(?!)")
    return one if crossing else f"(?!/){one}"


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
