"""Fetch the pinned applications that the ecosystem run and the benchmark check.

    python tests/ecosystem/fetch.py [NAME ...] [--into DIR] [--wheels DIR]

Each application of ``pins.txt`` is downloaded by pip, compared with its SHA-256 and unpacked into
``DIR/NAME-VERSION/``. An application that is already there is left as it is. Nothing is written
into the repository: the default folder is ``flake8-celery-ecosystem`` in the user's cache.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import NamedTuple

PINS = Path(__file__).with_name("pins.txt")


class FetchError(Exception):
    """An application could not be downloaded, or what came is not what is pinned."""


class UnreachableError(FetchError):
    """pip had nothing to compare: no network, no registry, or the archive is gone."""


class Pin(NamedTuple):
    """One line of ``pins.txt``: which archive of an application is meant, to the byte."""

    name: str
    version: str
    archive: str
    sha256: str

    @property
    def folder(self) -> str:
        return f"{self.name}-{self.version}"


def read_pins() -> dict[str, Pin]:
    """The pins by name, in the file's order; lines are ``name==version  # archive sha256:…``."""
    pins = {}
    for line in PINS.read_text(encoding="utf-8").splitlines():
        if line.strip():
            requirement, archive, digest = line.replace("#", " ").split()[:3]
            name, version = requirement.split("==")
            pins[name] = Pin(name, version, archive, digest.removeprefix("sha256:"))
    return pins


def chosen_pins(names: list[str]) -> list[Pin]:
    """The pins of these names, or all of them when none is named; an unknown name ends the run."""
    pins = read_pins()
    unknown = [name for name in names if name not in pins]
    if unknown:
        sys.exit(f"not in {PINS.name}: {', '.join(unknown)}\nknown: {', '.join(pins)}")
    return [pins[name] for name in names] or list(pins.values())


def default_folder() -> Path:
    """Where applications are unpacked unless ``--into`` says otherwise."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "flake8-celery-ecosystem"


def is_pinned(archive: Path, pin: Pin) -> bool:
    """Whether this file exists and has the pinned SHA-256."""
    if not archive.is_file():
        return False
    with archive.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == pin.sha256


def download(pin: Pin, into: Path) -> Path:
    """Let pip download one archive into this folder, and return its path.

    pip asks a source archive's build backend for metadata even when it only downloads. The hash
    goes to pip with the requirement, so that nothing but the pinned archive ever reaches a
    backend.
    """
    requirements = into / "requirements.txt"
    requirements.write_text(f"{pin.name}=={pin.version} --hash=sha256:{pin.sha256}\n")
    form = "--only-binary" if pin.archive.endswith(".whl") else "--no-binary"
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        form,
        pin.name,
    ]
    command += ["--dest", str(into), "--requirement", str(requirements)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    archive = into / pin.archive
    if "DO NOT MATCH THE HASHES" in done.stderr:
        raise FetchError(f"{pin.name}=={pin.version} is not what is pinned: {done.stderr.strip()}")
    if done.returncode:
        raise UnreachableError(f"{pin.name}=={pin.version}: {done.stderr.strip()}")
    if not is_pinned(archive, pin):
        raise FetchError(f"{pin.name}=={pin.version}: pip did not leave {pin.archive}")
    return archive


def refuse_escape(members: list[str], archive: Path) -> None:
    """Raise FetchError if a member of the archive would be written outside its folder."""
    for member in members:
        path = PurePosixPath(member.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[:1]:
            raise FetchError(f"{archive.name} holds a path outside of it: {member}")


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a wheel or a source archive; the folder appears whole or not at all.

    A source archive's one top-level folder becomes ``folder`` itself. Links are not unpacked:
    zipfile writes them as files, and they are left out of a tar.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unpacking-") as name:
        whole = Path(name, "whole")
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                refuse_escape(wheel.namelist(), archive)
                wheel.extractall(whole)
        else:
            with tarfile.open(archive) as sdist:
                members = [member for member in sdist.getmembers() if not is_link(member)]
                refuse_escape([member.name for member in members], archive)
                sdist.extractall(whole, members, filter="data")
            (whole,) = whole.iterdir()
        try:
            whole.rename(folder)
        except OSError:
            # Another run was faster; its folder is as good as this one.
            if not folder.is_dir():
                raise


def is_link(member: tarfile.TarInfo) -> bool:
    return member.issym() or member.islnk()


def fetch(pin: Pin, into: Path, wheels: Path | None = None) -> Path:
    """The folder of one application, downloaded and unpacked if it is not there yet.

    ``wheels`` is a folder of archives downloaded before; those with the pinned hash are used.
    Raises UnreachableError when the archive cannot be had, FetchError when it is not as pinned.
    """
    folder = into / pin.folder
    if folder.is_dir():
        return folder
    if wheels and is_pinned(wheels / pin.archive, pin):
        unpack(wheels / pin.archive, folder)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            unpack(download(pin, Path(scratch)), folder)
    return folder


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Fetch the pinned applications.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: every application")
    parser.add_argument("--into", type=Path, default=default_folder(), metavar="DIR")
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="archives downloaded before")
    options = parser.parse_args(arguments)
    failed = 0
    for pin in chosen_pins(options.names):
        try:
            print(fetch(pin, options.into, options.wheels))
        except FetchError as error:
            print(error, file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
