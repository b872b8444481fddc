"""Facts on disk, so that a second run parses nothing.

Two files for a project, in a folder that ignores itself.  The index says of each Python file when
it was seen and what it held then, and keeps what the last run came to, which is all that a run
needs in which nothing has changed that counts.  The store holds facts by the hash of the contents
they were made from, one JSON text a line.  The folder's name carries a hash of the code that makes
facts and findings, so that nobody has to count versions by hand.  A cache that is missing, broken
or of somebody else's making is an empty one; it is never unpickled.
"""

from __future__ import annotations

import json
import os
import sys
from hashlib import blake2b
from typing import Any, NamedTuple

from . import __version__
from .facts import Module, module_from_json
from .gitignore import Verdicts

# A file as young as this may change again within the resolution of its time.
YOUNG_NS = 2_000_000_000
DIGEST_SIZE = 12
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


class Known(NamedTuple):
    """What the index says of a file.

    `weight` is IDLE where a file says nothing of Celery and nothing else needed it, SPEAKS where
    it speaks of Celery, and ASKED where it does not but was asked for: only an IDLE file can
    change and change no finding."""

    mtime_ns: int
    size: int
    digest: str
    weight: int


IDLE = 0
SPEAKS = 1
ASKED = 2


class NoCache:
    """No cache: nothing is found and nothing is kept between runs.

    `verdicts` is what git was said to ignore, as `files.walk` remembers it, `versions` which
    Celery the project runs on, as `project.versions` does."""

    def __init__(self) -> None:
        self.verdicts: Verdicts = {}
        self.versions: dict[str, Any] = {}

    def digest(self, data: bytes) -> str:
        """The hash by which contents are known."""
        return ""

    def known(self, path: str) -> Known | None:
        """What the last run knew of the file at `path`."""
        return None

    def keep(self, path: str, known: Known) -> None:
        """Notes what this run knows of it."""

    def kept(self, path: str) -> Known | None:
        """What this run has noted of it."""
        return None

    def asked(self, path: str) -> None:
        """The contents of a file count that does not speak of Celery."""

    def facts(self, digest: str) -> Module | None:
        """The facts of contents; None where they are not kept."""
        return None

    def put(self, digest: str, module: Module) -> None:
        """Keeps the facts of contents."""

    def result(self, key: str) -> Any:
        """What the last run with this key came to, as JSON; None: it was another, or something
        that counts has changed."""
        return None

    def put_result(self, key: str, result: Any) -> None:
        """Keeps what this run has come to (plain JSON)."""

    def save(self) -> None:
        """Writes what is new.  A place that cannot be written is no error."""


class Cache(NoCache):
    """What is known of one project's files since the last run."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.store_path = f"{path.removesuffix('.json')}.facts"
        said = _load(path)
        verdicts, known = said.get("ignored"), said.get("files")
        self.verdicts = verdicts if isinstance(verdicts, dict) else {}
        self._known: dict[str, Any] = known if isinstance(known, dict) else {}
        versions = said.get("celery")
        self.versions = self._versions_before = versions if isinstance(versions, dict) else {}
        self._verdicts_before = dict(self.verdicts)
        self._result = {name: said.get(name) for name in ("key", "result")}
        self._result_is_new = False
        self._kept: dict[str, Known] = {}
        self._store: dict[str, bytes] | None = None
        self._new: dict[str, bytes] = {}

    @classmethod
    def open(cls, folder: str, root: str) -> Cache:
        """The cache of the project at `root` inside `folder` (created when it is written)."""
        key = blake2b(os.fsencode(os.path.abspath(root)), digest_size=8).hexdigest()
        return cls(os.path.join(folder, f"{__version__}-{code_hash()}", f"{key}.json"))

    def digest(self, data: bytes) -> str:
        return blake2b(data, digest_size=DIGEST_SIZE).hexdigest()

    def known(self, path: str) -> Known | None:
        try:
            mtime_ns, size, digest, weight = self._known[path]
        except (KeyError, TypeError, ValueError):
            return None
        return Known(mtime_ns, size, digest, weight) if isinstance(digest, str) else None

    def keep(self, path: str, known: Known) -> None:
        self._kept[path] = known

    def kept(self, path: str) -> Known | None:
        return self._kept.get(path)

    def asked(self, path: str) -> None:
        known = self._kept.get(path)
        if known is not None and known.weight == IDLE:
            self._kept[path] = known._replace(weight=ASKED)

    def facts(self, digest: str) -> Module | None:
        line = self._new.get(digest) or self._stored.get(digest)
        try:
            return None if line is None else module_from_json(json.loads(line))
        except (TypeError, ValueError, LookupError, AttributeError, RecursionError):
            return None

    def put(self, digest: str, module: Module) -> None:
        self._new[digest] = json.dumps(module, separators=(",", ":")).encode("ascii")

    @property
    def _stored(self) -> dict[str, bytes]:
        """The lines of the store by hash; read when the first is asked for."""
        if self._store is None:
            lines = _read(self.store_path).split(b"\n")
            self._store = {
                line[: 2 * DIGEST_SIZE].decode("latin-1"): line[2 * DIGEST_SIZE :] for line in lines
            }
        return self._store

    def result(self, key: str) -> Any:
        same = self._result["key"] == key and not self._has_changed()
        return self._result["result"] if same else None

    def _has_changed(self) -> bool:
        """Whether there are other files than at the last run, or one that counts, or did, holds
        something else."""
        if self._kept.keys() != self._known.keys():
            return True
        for path, now in self._kept.items():
            before = self.known(path)
            if before is None or (
                before.digest != now.digest and (before.weight != IDLE or now.weight != IDLE)
            ):
                return True
        return False

    def put_result(self, key: str, result: Any) -> None:
        self._result = {"key": key, "result": result}
        self._result_is_new = True

    def save(self) -> None:
        import time

        if not self._result_is_new and self._has_changed():
            self._result = {"key": None, "result": None}
        now = time.time_ns()
        for path, known in self._kept.items():
            before = self.known(path)
            if before is not None and before.digest == known.digest and known.weight == IDLE:
                known = known._replace(weight=before.weight)
            if now - known.mtime_ns < YOUNG_NS:
                # It may change again within the resolution of its time.
                known = known._replace(mtime_ns=-1)
            self._kept[path] = known
        if self._new:
            wanted = {known.digest for known in self._kept.values() if known.weight != IDLE}
            lines = self._stored | self._new
            kept = sorted(wanted & lines.keys())
            self._write(
                self.store_path, b"\n".join(d.encode("latin-1", "replace") + lines[d] for d in kept)
            )
        if (
            self._result_is_new
            or self.verdicts != self._verdicts_before
            or self.versions is not self._versions_before
            or self._kept.keys() != self._known.keys()
            or any(self._known[path] != list(known) for path, known in self._kept.items())
        ):
            index = {
                "files": self._kept,
                **self._result,
                "ignored": self.verdicts,
                "celery": self.versions,
            }
            self._write(self.path, json.dumps(index, separators=(",", ":")).encode("ascii"))

    def _write(self, path: str, data: bytes) -> None:
        folder = os.path.dirname(path)
        temporary = f"{path}.{os.getpid()}"
        try:
            os.makedirs(folder, exist_ok=True)
            _mark(os.path.dirname(folder))
            with open(temporary, "wb") as stream:
                stream.write(data)
            os.replace(temporary, path)
        except BaseException as error:
            try:
                os.unlink(temporary)
            except OSError:
                pass
            if not isinstance(error, (OSError, ValueError)):
                raise


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def _load(path: str) -> dict[str, Any]:
    """A JSON object from a file; an empty one where there is none, or something else."""
    try:
        data = json.loads(_read(path))
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _mark(folder: str) -> None:
    """Tells backup programs and git that the folder is a cache."""
    for name, text in (("CACHEDIR.TAG", SIGNATURE), (".gitignore", "*\n")):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            with open(path, "w", encoding="ascii") as stream:
                stream.write(text)


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
