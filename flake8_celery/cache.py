"""Facts on disk, so that a second run parses nothing.

Two JSON files for a project, in a folder that ignores itself: the facts of its files, and what
the last run came to, which is all that a run needs in which nothing has changed.  A file's facts
are used when its size and time are those of the entry, else when its contents are.  The folder's
name carries a hash of the code that makes facts and findings, so that nobody has to count
versions by hand.  A cache that is missing, broken or of somebody else's making is an empty one;
it is never unpickled.
"""

from __future__ import annotations

import json
import os
import sys
from hashlib import blake2b
from typing import Any

from . import __version__
from .facts import Module, module_from_json
from .files import FileEntry
from .gitignore import Verdicts

# A file as young as this may change again within the resolution of its time.
YOUNG_NS = 2_000_000_000
SIGNATURE = "Signature: 8a477f597d28d172789f06886806bc55\n"
# All that facts and findings depend on.
CODE = (
    "facts.py",
    "source.py",
    "files.py",
    "suppress.py",
    "selection.py",
    "rule.py",
    "run.py",
    "extract",
    "project",
    "celery",
    "rules",
)


class NoCache:
    """No cache: nothing is found and nothing is kept.

    `verdicts` is what git was said to ignore, as `files.walk` remembers it, `versions` which
    Celery the project runs on, as `project.versions` does."""

    def __init__(self) -> None:
        self.verdicts: Verdicts = {}
        self.versions: dict[str, Any] = {}

    def result(self, key: str) -> Any:
        return None

    def put_result(self, key: str, result: Any) -> None:
        pass

    def get(self, path: str, entry: FileEntry) -> tuple[bool, Module | None]:
        return False, None

    def get_by_content(
        self, path: str, entry: FileEntry, data: bytes
    ) -> tuple[bool, Module | None]:
        return False, None

    def put(self, path: str, entry: FileEntry, data: bytes, module: Module | None) -> None:
        pass

    def get_loaded(self, path: str) -> Module | None:
        return None

    def put_loaded(self, path: str, module: Module) -> None:
        pass

    def save(self) -> None:
        pass


class Cache(NoCache):
    """The facts of one project's files as of the last run.

    An entry is `[time in ns, size, hash, relevant, facts or null]`."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.result_path = f"{path.removesuffix('.json')}.result.json"
        said = _load(self.result_path)
        verdicts = said.get("ignored")
        self.verdicts = verdicts if isinstance(verdicts, dict) else {}
        self.known_verdicts = dict(self.verdicts)
        versions = said.get("celery")
        self.versions = self.known_versions = versions if isinstance(versions, dict) else {}
        self.said = said
        self.said_anew = False
        self._entries: dict[str, Any] | None = None
        self.kept: dict[str, Any] = {}
        self.changed = False

    @classmethod
    def open(cls, folder: str, root: str) -> Cache:
        """The cache of the project at `root` inside `folder` (created when it is written)."""
        key = blake2b(os.fsencode(os.path.abspath(root)), digest_size=8).hexdigest()
        return cls(os.path.join(folder, f"{__version__}-{code_hash()}", f"{key}.json"))

    @property
    def entries(self) -> dict[str, Any]:
        """The entries of the last run; read when the first is asked for."""
        if self._entries is None:
            known = _load(self.path).get("files")
            self._entries = known if isinstance(known, dict) else {}
        return self._entries

    def result(self, key: str) -> Any:
        """What the last run with this key came to, as JSON; None: it was another."""
        return self.said.get("result") if self.said.get("key") == key else None

    def put_result(self, key: str, result: Any) -> None:
        """Keeps what this run has come to (plain JSON)."""
        self.said = {"key": key, "result": result}
        self.said_anew = True

    def get(self, path: str, entry: FileEntry) -> tuple[bool, Module | None]:
        """Whether the entry of `path` is of this time and size, and its facts."""
        known: Any = self.entries.get(path)
        try:
            if known[0] != entry.mtime_ns or known[1] != entry.size:
                return False, None
            module = module_from_json(known[4]) if known[3] else None
        except (TypeError, ValueError, LookupError, AttributeError):
            return False, None
        self.kept[path] = known
        return True, module

    def get_by_content(
        self, path: str, entry: FileEntry, data: bytes
    ) -> tuple[bool, Module | None]:
        """The same by contents, for a file whose time alone is new."""
        known: Any = self.entries.get(path)
        try:
            if known[1] != entry.size or known[2] != content_hash(data):
                return False, None
            module = module_from_json(known[4]) if known[3] else None
        except (TypeError, ValueError, LookupError, AttributeError):
            return False, None
        self.kept[path] = [entry.mtime_ns, *known[1:]]
        self.changed = True
        return True, module

    def put(self, path: str, entry: FileEntry, data: bytes, module: Module | None) -> None:
        """Keeps what was found in a file; None when it does not speak of Celery."""
        self.kept[path] = [
            entry.mtime_ns,
            entry.size,
            content_hash(data),
            module is not None,
            module,
        ]
        self.changed = True

    def get_loaded(self, path: str) -> Module | None:
        """The facts of a file that does not speak of Celery but was needed by name."""
        known = self.kept.get(path)
        if not known or known[3] or known[4] is None:
            return None
        if isinstance(known[4], Module):
            return known[4]
        try:
            return module_from_json(known[4])
        except (TypeError, ValueError, LookupError, AttributeError):
            return None

    def put_loaded(self, path: str, module: Module) -> None:
        """Keeps the facts of such a file with its entry."""
        if path in self.kept:
            self.kept[path] = [*self.kept[path][:4], module]
            self.changed = True

    def save(self) -> None:
        """Writes what is new.  A place that cannot be written is no error."""
        if self.changed or (self.kept and len(self.kept) != len(self.entries)):
            import time

            now = time.time_ns()
            for known in self.kept.values():
                if now - known[0] < YOUNG_NS:
                    known[0] = -1
            self._write(self.path, {"files": self.kept})
        if (
            self.said_anew
            or self.verdicts != self.known_verdicts
            or self.versions is not self.known_versions
        ):
            kept = {"ignored": self.verdicts, "celery": self.versions}
            self._write(self.result_path, {**self.said, **kept})

    def _write(self, path: str, data: dict[str, Any]) -> None:
        folder = os.path.dirname(path)
        temporary = f"{path}.{os.getpid()}"
        try:
            os.makedirs(folder, exist_ok=True)
            _mark(os.path.dirname(folder))
            with open(temporary, "w", encoding="ascii") as stream:
                stream.write(json.dumps(data, separators=(",", ":")))
            os.replace(temporary, path)
        except BaseException as error:
            try:
                os.unlink(temporary)
            except OSError:
                pass
            if not isinstance(error, (OSError, ValueError, TypeError, RecursionError)):
                raise


def _load(path: str) -> dict[str, Any]:
    """A JSON object from a file; an empty one where there is none, or something else."""
    try:
        with open(path, "rb") as stream:
            data = json.loads(stream.read())
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _mark(folder: str) -> None:
    """Tells backup programs and git that the folder is a cache."""
    for name, text in (("CACHEDIR.TAG", SIGNATURE), (".gitignore", "*\n")):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            with open(path, "w", encoding="ascii") as stream:
                stream.write(text)


def content_hash(data: bytes) -> str:
    """The hash by which a file's contents are recognised."""
    return blake2b(data, digest_size=12).hexdigest()


def code_hash() -> str:
    """A hash of the code that makes facts and findings, and of the release of Python."""
    # What parses, and what its tree is like, depends on the release of Python.
    digest = blake2b(bytes(sys.version_info[:2]), digest_size=6)
    package = os.path.dirname(os.path.abspath(__file__))
    for name in CODE:
        path = os.path.join(package, name)
        paths = [path]
        if os.path.isdir(path):
            walked = [(folder, names) for folder, _, names in os.walk(path)]
            paths = sorted(
                os.path.join(f, n) for f, names in walked for n in names if n[-3:] == ".py"
            )
        for file in paths:
            try:
                with open(file, "rb") as stream:
                    digest.update(stream.read())
            except OSError:
                digest.update(file.encode("utf-8", "replace"))
    return digest.hexdigest()
