"""`--add-noqa` and `--add-ignore`: what is found is silenced, and nothing else is changed."""

from __future__ import annotations

import pytest

from .conftest import Place

CASES = [
    ("plain()", "plain()  # noqa: CEL972"),
    ("plain()   ", "plain()  # noqa: CEL972"),
    ("plain(), mended()", "plain(), mended()  # noqa: CEL970, CEL972"),
    ("plain()  # why", "plain()  # why  # noqa: CEL972"),
    ("plain()  # noqa: E501", "plain()  # noqa: E501, CEL972"),
    ("plain()  # noqa: E501,W1 because", "plain()  # noqa: E501, W1, CEL972 because"),
    ("plain()  # NOQA:E501", "plain()  # NOQA:E501, CEL972"),
    ("plain()  # noqa: CEL971", "plain()  # noqa: CEL971, CEL972"),
    ("plain(\n    1,\n)", "plain(  # noqa: CEL972\n    1,\n)"),
    ('plain("""\n""")', 'plain("""\n""")  # noqa: CEL972'),
    ("plain(1, \\\n    2)", "plain(1, \\\n    2)  # noqa: CEL972"),
    ("plain()  # ruff: ignore[E501]", "plain()  # ruff: ignore[E501]  # noqa: CEL972"),
]


@pytest.mark.parametrize(("before", "after"), CASES)
def test_noqa(place: Place, before: str, after: str) -> None:
    place.put({"a.py": f"import celery\n{before}\n".encode()})
    ran = place.check("--add-noqa")
    assert ran == (0, "", "Added 1 noqa directive.\n")
    assert place.read("a.py") == f"import celery\n{after}\n"
    assert place.check("-q", "--ignore", "CEL990").out == ""
    assert place.flake8("--select", "CEL", "--ignore", "CEL990", "a.py").out == ""
    assert place.check("--add-noqa") == (0, "", "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("plain()", "plain()  # ruff: ignore[CEL972]"),
        ("plain()  # ruff: ignore[E501] why", "plain()  # ruff: ignore[E501, CEL972] why"),
        ("plain()  # noqa: E501", "plain()  # noqa: E501  # ruff: ignore[CEL972]"),
        ('plain("""\n""")', 'plain("""\n""")  # ruff: ignore[CEL972]'),
    ],
)
def test_ignore(place: Place, before: str, after: str) -> None:
    place.write(a=f"import celery\n{before}\n")
    ran = place.check("--add-ignore")
    assert ran == (0, "", "Added 1 ignore comment.\n")
    assert place.read("a.py") == f"import celery\n{after}\n"
    assert place.check("-q").out == place.flake8("--select", "CEL", "a.py").out == ""


def test_reason_and_count(place: Place) -> None:
    place.write(
        a="import celery\nplain()\nplain()  # noqa: E501 old\n", b="import celery\nplain()\n"
    )
    assert place.check("--add-noqa=not yet").err == "Added 3 noqa directives.\n"
    lines = place.read("a.py").splitlines()
    assert lines[1:] == ["plain()  # noqa: CEL972 not yet", "plain()  # noqa: E501, CEL972 old"]
    place.write(a="import celery\nplain()\n")
    assert place.check("--add-ignore=not yet", "-q").err == ""
    assert place.read("a.py").endswith("plain()  # ruff: ignore[CEL972] not yet\n")


def test_only_what_is_selected(place: Place) -> None:
    text = "import celery\nplain()\nmended()\nx = 1  # noqa: CEL972\n"
    place.write(a=text)
    place.check("--add-noqa", "--select", "CEL970,CEL990")
    assert place.read("a.py") == text.replace("mended()", "mended()  # noqa: CEL970")


def test_bytes_are_kept(place: Place) -> None:
    data = "# coding: latin-1\r\nimport celery\r\nplain('é')\r\n\f\r\nx = 1".encode("latin-1")
    place.put({"a.py": data})
    place.check("--add-noqa")
    wanted = data.replace(b"')\r\n", b"')  # noqa: CEL972\r\n")
    assert (place.folder / "a.py").read_bytes() == wanted


def test_a_file_that_cannot_be_parsed_is_left_alone(place: Place) -> None:
    place.write(a="import celery\ndef f(:\n", b="import celery\nplain()\n")
    assert place.check("--add-noqa").code == 0
    assert place.read("a.py") == "import celery\ndef f(:\n"


def test_fix_only_is_ignored(place: Place) -> None:
    place.write(a="import celery\nmended()\n")
    ran = place.check("--add-noqa", "--fix-only")
    assert ran.err.startswith("warning: --fix is incompatible with --add-noqa.\n")
    assert place.read("a.py") == "import celery\nmended()  # noqa: CEL970\n"


def test_standard_input_is_not_changed(place: Place) -> None:
    assert place.check("--add-noqa", "-", stdin="import celery\nplain()\n") == (0, "", "")
