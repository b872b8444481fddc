"""ruff and this tool over the same files: neither takes away what silences the other."""

from __future__ import annotations

import os
import subprocess
import sysconfig

import pytest

from .conftest import Place

RUFF = os.path.join(sysconfig.get_path("scripts"), "ruff")
# The one line that the documentation asks for.
EXTERNAL = '[lint]\nexternal = ["CEL", "celery-"]\n'
CODE = """\
import celery
import json
from names import mended, plain

print(celery, mended)
plain()  # noqa: CEL972
plain(undefined)  # noqa: CEL972, F821
plain(undefined)  # noqa: F821, CEL972 both are known
plain()  # ruff: ignore[CEL972]
plain()  # ruff: ignore[celery-plain-mark]
plain(undefined)  # ruff: ignore[F821, CEL972]
# ruff: disable[CEL972]
plain()
# ruff: enable[CEL972]
plain(  # noqa: CEL972
    undefined,  # noqa: F821
)
mended()  # a reason
value = undefined == None  # noqa: F821
"""
# The same with comments that are of no use, and imports and calls that are to be fixed.
FIXED = """\
import celery
from names import mended, plain

print(celery, mended)
plain()  # noqa: CEL972
plain(undefined)  # noqa: CEL972, F821
plain(undefined)  # noqa: F821, CEL972 both are known
plain()  # ruff: ignore[CEL972]
plain()  # ruff: ignore[celery-plain-mark]
plain(undefined)  # ruff: ignore[F821, CEL972]
# ruff: disable[CEL972]
plain()
# ruff: enable[CEL972]
plain(  # noqa: CEL972
    undefined,  # noqa: F821
)
value = undefined is None  # noqa: F821
"""
SELECTED = "F401,F821,E711,RUF100,RUF101,RUF102,RUF103,RUF104"


def ruff(place: Place, *flags: str) -> str:
    """Runs `ruff check`; gives what it prints."""
    command = [RUFF, "check", "--no-cache", "-q", "--output-format", "concise", *flags, "."]
    ran = subprocess.run(command, cwd=place.folder, capture_output=True, text=True)
    assert ran.returncode < 2, ran.stderr
    return ran.stdout


def fix_with_ruff(place: Place, *flags: str) -> None:
    ruff(place, "--fix", "--unsafe-fixes", "--ignore", "F821", *flags)


def fix_with_us(place: Place) -> None:
    assert place.check("--fix", "--unsafe-fixes").code < 2


@pytest.mark.parametrize("ruff_first", [True, False])
@pytest.mark.parametrize("selected", ["F401,E711", SELECTED, None])
def test_nothing_is_lost_in_either_order(
    place: Place, ruff_first: bool, selected: str | None
) -> None:
    place.put({"ruff.toml": EXTERNAL})
    place.write(a=CODE)
    flags = ["--select", selected] if selected else []
    if ruff_first:
        ruff(place, "--fix", "--unsafe-fixes", *flags)
        fix_with_us(place)
    else:
        fix_with_us(place)
        ruff(place, "--fix", "--unsafe-fixes", *flags)
    silencing = [line for line in place.read("a.py").splitlines() if "CEL" in line]
    assert silencing == [line for line in FIXED.splitlines() if "CEL" in line]
    found = place.check("-q", "--output-format", "concise")
    assert found.out == "", "a finding that was silenced is shown"
    assert ruff(place, "--select", "F821") == ""
    assert ruff_first or selected is None or place.read("a.py") == FIXED


def test_the_line_is_needed(place: Place) -> None:
    """Without it, ruff's own fix removes comments that silence this tool."""
    place.write(a=CODE)
    ruff(place, "--fix", "--select", SELECTED)
    assert place.check("-q").code == 1


def test_our_unused_codes_go_and_those_of_ruff_stay(place: Place) -> None:
    place.put({"ruff.toml": EXTERNAL})
    place.write(a="import celery\nvalue = undefined, celery  # noqa: CEL972, F821\n")
    fix_with_us(place)
    assert place.read("a.py") == "import celery\nvalue = undefined, celery  # noqa: F821\n"
    assert "F821" not in ruff(place, "--select", SELECTED)


ADDED = "import celery\nfrom names import plain\n\nplain(undefined, celery)\n"


def test_comments_that_each_adds(place: Place) -> None:
    place.put({"ruff.toml": EXTERNAL})
    place.write(a=ADDED)
    ours, theirs = ("check", "--add-noqa"), ("--add-noqa", "--select", "F821")
    ruff(place, *theirs)
    assert place.run(*ours).code == 0
    assert place.read("a.py").endswith("plain(undefined, celery)  # noqa: F821, CEL972\n")
    assert place.check("-q").code == 0 and ruff(place, "--select", "F821") == ""
    place.write(a=ADDED)
    place.run(*ours)
    ruff(place, *theirs)
    assert place.read("a.py").endswith("plain(undefined, celery)  # noqa: CEL972, F821\n")
    assert place.check("-q").code == 0 and ruff(place, "--select", "F821") == ""
