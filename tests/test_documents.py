"""Documents made from the code are up to date, and their links lead somewhere."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from flake8_celery.config import OPTIONS, ConfigError, _flat
from flake8_celery.rule import load_rules

from .documents import band, documents
from .pages import ROOT

PAGES = ROOT / "rule_docs"
SCHEMA = json.loads((ROOT / "flake8_celery" / "flake8-celery.schema.json").read_text())


@pytest.mark.parametrize("path", [path for path, _ in documents()], ids=lambda path: path.name)
def test_it_is_what_the_code_makes(path: Path) -> None:
    made = dict(documents())[path]
    assert path.read_text(encoding="utf-8") == made, "run `python -m tests.documents`"


def test_every_rule_is_in_the_index_once() -> None:
    text = (PAGES / "README.md").read_text(encoding="utf-8")
    by_band = text.partition("## By category")[0]
    for code, rule in load_rules().items():
        assert by_band.count(f"[{code}]({code}.md) | `{rule.name}`") == 1, band(rule)


LINK = re.compile(r"\]\(([^):#]+)?(?:#([\w-]+))?\)")


@pytest.mark.parametrize("path", sorted(PAGES.glob("*.md")), ids=lambda path: path.name)
def test_links_between_pages(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target, anchor in LINK.findall(text):
        there = path.parent / target if target else path
        # The pages of rules are checked with their rules.
        if there.name.startswith("CEL"):
            continue
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w-]", "", h.lower().replace(" ", "-")) for h in headings}


@pytest.mark.parametrize("name", OPTIONS)
def test_the_example_of_an_option_is_one(name: str) -> None:
    option = OPTIONS[name]
    values = tomllib.loads(f"{name} = {option.example}")
    assert _flat(values, lambda key: "") == values
    if option.lint:
        assert _flat({"lint": values}, lambda key: "") == values


VALUES = ["text", 1, True, ["a", "b"], [1], {"a": ["b"]}, {"a": "b"}, {}, None]


class TestSchema:
    """The schema and the reader of configuration files accept the same."""

    def accepts(self, data: object) -> bool:
        validator = pytest.importorskip("jsonschema").Draft202012Validator(SCHEMA)
        return bool(validator.is_valid(data))

    def test_it_is_a_schema(self) -> None:
        pytest.importorskip("jsonschema").Draft202012Validator.check_schema(SCHEMA)

    @pytest.mark.parametrize("name", [*OPTIONS, "selekt"])
    @pytest.mark.parametrize("value", [v for v in VALUES if v is not None], ids=repr)
    @pytest.mark.parametrize("in_lint", [False, True])
    def test_a_key_and_a_value(self, name: str, value: object, in_lint: bool) -> None:
        if name in ("target-celery", "required-version") and value == "text":
            value = "5.4" if name == "target-celery" else ">=0"
        data = {"lint": {name: value}} if in_lint else {name: value}
        try:
            _flat(data, lambda key: "")
        except ConfigError:
            assert not self.accepts(data)
        else:
            assert self.accepts(data)
