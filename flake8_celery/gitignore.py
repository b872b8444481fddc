"""What git ignores, by `pathspec`, which is imported only where a verdict is not remembered.

Ignore files make a chain from the outermost folder to the innermost; the innermost that has an
opinion decides.  `.ignore` files are honoured anywhere, `.gitignore` and `.git/info/exclude`
inside a repository, those above the root too, as ruff does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

# For each folder, a hash of what was asked there, and the names that are ignored.
Verdicts = dict[str, list[str | list[str]]]


class IgnoreFile:
    """One ignore file: the folder it stands in, and its lines."""

    __slots__ = ("_spec", "folder", "text")

    def __init__(self, folder: str, text: str) -> None:
        self.folder = folder
        self.text = text
        self._spec: GitIgnoreSpec | None = None

    def verdict(self, path: str) -> bool | None:
        """Whether the last line that matches ignores an absolute path (a folder's ends in "/");
        None where no line matches."""
        if self._spec is None:
            from pathspec import GitIgnoreSpec

            lines = self.text.removeprefix("\ufeff").splitlines()
            self._spec = GitIgnoreSpec.from_lines(lines)
        return self._spec.check_file(path[len(self.folder.rstrip("/")) + 1 :]).include


class Chain(NamedTuple):
    """The ignore files that count in a folder, innermost last."""

    in_repository: bool
    files: tuple[IgnoreFile, ...]
    digest: str


NOTHING = Chain(False, (), "")
# File, the entry of a folder that betrays it, and whether it counts only inside a repository.
KINDS = (
    (".git/info/exclude", ".git", True),
    (".gitignore", ".gitignore", True),
    (".ignore", ".ignore", False),
)


def above(root: str) -> Chain:
    """The chain of the ignore files above a folder."""
    folders = [root]
    while not os.path.exists(os.path.join(folders[-1], ".git")):
        parent = os.path.dirname(folders[-1])
        if parent == folders[-1]:
            return NOTHING
        folders.append(parent)
    chain = Chain(True, (), "")
    for folder in reversed(folders[1:]):
        chain = enter(folder, chain, [".git", ".gitignore", ".ignore"])
    return chain._replace(in_repository=True)


def enter(folder: str, chain: Chain, names: Iterable[str]) -> Chain:
    """The chain inside `folder`, whose entries are `names`."""
    present = {name for name in names if name in (".git", ".gitignore", ".ignore")}
    if not present:
        return chain
    chain = chain._replace(in_repository=chain.in_repository or ".git" in present)
    for name, entry, of_git in KINDS:
        if entry not in present or (of_git and not chain.in_repository):
            continue
        try:
            with open(os.path.join(folder, name), "rb") as stream:
                text = stream.read().decode("utf-8", "surrogateescape")
        except OSError:
            continue
        if any(line.strip() and not line.startswith("#") for line in text.splitlines()):
            digest = _hash(f"{chain.digest}\0{folder}\0{text}")
            chain = Chain(chain.in_repository, (*chain.files, IgnoreFile(folder, text)), digest)
    return chain


def ignored(folder: str, chain: Chain, names: list[str], verdicts: Verdicts) -> frozenset[str]:
    """Which of `names` in a folder git ignores; a folder's name ends in "/", in the answer too
    it does not.  `verdicts` is read and updated."""
    if not chain.files or not names:
        return frozenset()
    asked = _hash(chain.digest + "\0".join(names))
    known = verdicts.get(folder)
    if not isinstance(known, list) or len(known) != 2 or known[0] != asked:
        found = [name.rstrip("/") for name in names if _is_ignored(chain, f"{folder}/{name}")]
        verdicts[folder] = [asked, found]
        return frozenset(found)
    return frozenset(known[1])


def _is_ignored(chain: Chain, path: str) -> bool:
    for file in reversed(chain.files):
        verdict = file.verdict(path)
        if verdict is not None:
            return verdict
    return False


def _hash(text: str) -> str:
    from hashlib import blake2b

    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
