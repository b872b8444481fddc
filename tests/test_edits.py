"""Where fixes put an import, and how they take an argument out of a call."""

from __future__ import annotations

import ast

import pytest

from flake8_celery.rule import Edit
from flake8_celery.rules.edits import imported_module, imported_name, without_keyword, without_try
from flake8_celery.source import Source


def applied(source: Source, edits: list[Edit]) -> str:
    text = source.text
    for edit in sorted(edits, key=lambda e: tuple(e.span), reverse=True):
        start, end = source.offset(*edit.span[:2]), source.offset(*edit.span[2:])
        text = text[:start] + edit.text + text[end:]
    ast.parse(text)
    return text


def with_import(text: str, module: str, name: str) -> str | None:
    source = Source.from_text(text, "example.py")
    found, edits = imported_name(source, module, name)
    assert found in (name, None)
    return None if found is None else applied(source, edits)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from a import x\n", "from a import x\nfrom celery.exceptions import Retry\n"),
        (
            "from celery import b\nfrom z import x\n",
            "from celery import b\nfrom celery.exceptions import Retry\nfrom z import x\n",
        ),
        (
            "from celery import b\nfrom celery.utils import c\n",
            "from celery import b\nfrom celery.exceptions import Retry\n"
            "from celery.utils import c\n",
        ),
        (
            "from celery.exceptions import Ignore, TaskError\n",
            "from celery.exceptions import Ignore, Retry, TaskError\n",
        ),
        ("from celery.exceptions import Ignore\n", "from celery.exceptions import Ignore, Retry\n"),
        ('"""Tasks."""\nx = 1\n', '"""Tasks."""\n\nfrom celery.exceptions import Retry\nx = 1\n'),
        ("x = 1\n", "from celery.exceptions import Retry\n\nx = 1\n"),
        (
            "from __future__ import annotations\nx = 1\n",
            "from __future__ import annotations\n\nfrom celery.exceptions import Retry\nx = 1\n",
        ),
        (
            "from celery.exceptions import (\n    Ignore,\n)\n",
            "from celery.exceptions import (\n    Ignore,\n)\n"
            "from celery.exceptions import Retry\n",
        ),
    ],
)
def test_an_import_finds_its_place(before: str, after: str) -> None:
    assert with_import(before, "celery.exceptions", "Retry") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import a\n", "from functools import partial\n\nimport a\n"),
        ("import os\n\nimport a\n", "import os\nfrom functools import partial\n\nimport a\n"),
        (
            "import os\nfrom typing import Any\n",
            "import os\nfrom functools import partial\nfrom typing import Any\n",
        ),
        ("from functools import wraps\n", "from functools import partial, wraps\n"),
    ],
)
def test_what_is_pythons_own_comes_first(before: str, after: str) -> None:
    assert with_import(before, "functools", "partial") == after


def test_a_name_that_is_there_is_used() -> None:
    source = Source.from_text("from celery.exceptions import Retry as R\n", "example.py")
    assert imported_name(source, "celery.exceptions", "Retry") == ("R", [])


@pytest.mark.parametrize(
    "text",
    ["from urllib3 import Retry\n", "class Retry: ...\n", "def f(Retry): ...\n", "Retry = 1\n"],
)
def test_a_name_that_means_something_else_is_left_alone(text: str) -> None:
    assert with_import(text, "celery.exceptions", "Retry") is None


def test_a_module_is_imported_under_its_full_name() -> None:
    def after(text: str) -> str | None:
        source = Source.from_text(text, "example.py")
        edits = imported_module(source, "celery.exceptions")
        return None if edits is None else applied(source, edits)

    assert after("from celery import b\n") == "import celery.exceptions\nfrom celery import b\n"
    assert after("import celery\n") == "import celery\nimport celery.exceptions\n"
    assert after("import celery.exceptions\n") == "import celery.exceptions\n"
    assert after("from .app import celery\n") is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(exc=a, x=1)\n", "f(x=1)\n"),
        ("f(x=1, exc=a)\n", "f(x=1)\n"),
        ("f(exc=a)\n", "f()\n"),
        ("f(1, exc=a, **more)\n", "f(1, **more)\n"),
        ("f(x=1)\n", "f(x=1)\n"),
    ],
)
def test_an_argument_is_taken_out_with_its_comma(before: str, after: str) -> None:
    source = Source.from_text(before, "example.py")
    [statement] = source.parse().body
    assert isinstance(statement, ast.Expr)
    edit = without_keyword(source, source.span(statement.value), "exc")
    assert applied(source, [edit] if edit else []) == after


def test_a_try_is_dropped_and_its_body_kept() -> None:
    text = "def f():\n    try:\n        a(\n            1,\n        )\n        # why\n        b()\n"
    source = Source.from_text(f"{text}    except OSError:\n        pass\n    c()\n", "example.py")
    [function] = source.parse().body
    assert isinstance(function, ast.FunctionDef)
    edit = without_try(source, function.body[0])
    assert edit is not None
    expected = "def f():\n    a(\n        1,\n    )\n    # why\n    b()\n    c()\n"
    assert applied(source, [edit]) == expected


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    a('''\n''')\nexcept E:\n    pass\n",
        "try:\n    a()\nexcept E:  # why\n    pass\n",
        "try: a()\nexcept E: pass\n",
        "try:\n    a(\n  1)\nexcept E:\n    pass\n",
    ],
)
def test_a_try_that_cannot_be_dropped(text: str) -> None:
    source = Source.from_text(text, "example.py")
    assert without_try(source, source.parse().body[0]) is None
