"""Selectors mean what they mean to ruff."""

from __future__ import annotations

import itertools
import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

from flake8_celery.rule import CORRECTNESS, PEDANTIC, PREVIEW, STABLE, Rule
from flake8_celery.selection import Layer, SelectorError, rules_of, select

RUFF = os.path.join(sysconfig.get_path("scripts"), "ruff")


def make(code: str, name: str, category: str = CORRECTNESS, status: str = STABLE) -> Rule:
    return Rule(None, code, name, category, "", status)


RULES = {
    rule.code: rule
    for rule in (
        make("CEL101", "celery-one"),
        make("CEL102", "celery-two"),
        make("CEL201", "celery-three"),
        make("CEL202", "celery-four", PEDANTIC),
        make("CEL203", "celery-five", status=PREVIEW),
    )
}


def chosen(*layers: Layer, preview: bool = False) -> list[str]:
    return [rule.code for rule in select(RULES, layers, preview)]


class TestSelectors:
    @pytest.mark.parametrize("selector", ["ALL", "CEL"])
    def test_everything(self, selector: str) -> None:
        assert rules_of(selector, RULES) == list(RULES)

    @pytest.mark.parametrize(
        ("selector", "codes"),
        [
            ("CEL1", ["CEL101", "CEL102"]),
            ("CEL20", ["CEL201", "CEL202", "CEL203"]),
            ("CEL102", ["CEL102"]),
            ("celery-four", ["CEL202"]),
        ],
    )
    def test_prefix_code_or_name(self, selector: str, codes: list[str]) -> None:
        assert rules_of(selector, RULES) == codes

    @pytest.mark.parametrize(
        "selector",
        ["", "cel", "CE", "C", "CEL9", "CEL1011", "CEL-1", "CEL1 ", "all", "E501", "CEL٣"],
    )
    def test_what_selects_nothing_is_a_mistake(self, selector: str) -> None:
        with pytest.raises(SelectorError, match=f"Unknown rule selector `{selector}`"):
            rules_of(selector, RULES)

    def test_the_nearest_is_named(self) -> None:
        with pytest.raises(SelectorError, match="`celery-fuor`") as raised:
            rules_of("celery-fuor", RULES)
        assert raised.value.hint == ", did you mean `celery-four`?"


class TestLayers:
    def test_nothing_said(self) -> None:
        assert chosen() == ["CEL101", "CEL102", "CEL201"]

    def test_select_starts_anew_and_reaches_what_is_off(self) -> None:
        assert chosen(Layer(["CEL2"])) == ["CEL201", "CEL202"]
        assert chosen(Layer(["CEL"])) == ["CEL101", "CEL102", "CEL201", "CEL202"]

    def test_preview_rules_need_preview(self) -> None:
        assert chosen(Layer(["CEL203"])) == []
        assert chosen(Layer(["CEL203"]), preview=True) == ["CEL203"]
        assert chosen(preview=True) == ["CEL101", "CEL102", "CEL201", "CEL203"]

    def test_the_longest_wins_and_of_equals_ignore(self) -> None:
        assert chosen(Layer(["CEL1"], ignore=["CEL102"])) == ["CEL101"]
        assert chosen(Layer(["CEL102"], ignore=["CEL1"])) == ["CEL102"]
        assert chosen(Layer(["CEL1"], ignore=["CEL1"])) == []
        assert chosen(Layer(["CEL"], ignore=["ALL"])) == ["CEL101", "CEL102", "CEL201", "CEL202"]
        assert chosen(Layer(["ALL"], ignore=["CEL"])) == []
        assert chosen(Layer(["CEL101"], ignore=["celery-one"])) == []
        assert chosen(Layer(["celery-one"], ignore=["CEL1"])) == ["CEL101"]

    def test_the_command_line_comes_after_the_configuration(self) -> None:
        configured = Layer(["CEL1"], ignore=["CEL101"])
        assert chosen(configured, Layer()) == ["CEL102"]
        assert chosen(configured, Layer(["CEL101"])) == ["CEL101"]
        assert chosen(configured, Layer(extend_select=["CEL101"])) == ["CEL101", "CEL102"]
        assert chosen(configured, Layer(ignore=["CEL1"])) == []


# The same five rules in ruff: three on by default are taken from a configuration's `select`.
TWINS = {"F401": "CEL101", "F811": "CEL102", "E701": "CEL201", "E711": "CEL202"}
SOURCE = "import os\ndef f():\n    pass\ndef f():\n    pass\nif f: pass\nx = f == None\n"
WORDS = {"CEL1": "F", "CEL2": "E", "ALL": "ALL", **{ours: ruffs for ruffs, ours in TWINS.items()}}


def ruffs(folder: Path, configured: Layer, given: Layer) -> list[str]:
    """The rules that ruff runs with the same selectors, by our codes."""
    lines = ["[lint]"]
    for name, words in zip(("select", "extend-select", "ignore"), configured, strict=True):
        if words is not None:
            lines.append(f"{name} = {[WORDS[word] for word in words]}")
    (folder / "ruff.toml").write_text("\n".join(lines), encoding="utf-8")
    (folder / "a.py").write_text(SOURCE, encoding="utf-8")
    flags = []
    for name, words in zip(("select", "extend-select", "ignore"), given, strict=True):
        if words:
            flags += [f"--{name}", ",".join(WORDS[word] for word in words)]
    command = [RUFF, "check", "--no-cache", "-q", "--output-format", "concise", *flags, "a.py"]
    out = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout
    return sorted({TWINS[word] for word in out.split() if word in TWINS})


CONFIGURED = [
    Layer(["CEL1"]),
    Layer(["CEL101", "CEL2"], ignore=["CEL202"]),
    Layer(["ALL"], ignore=["CEL1"]),
]
GIVEN = [
    Layer(),
    Layer(["CEL101"]),
    Layer(["CEL1"], ignore=["CEL101"]),
    Layer(ignore=["CEL101"]),
    Layer(extend_select=["CEL2"]),
    Layer(extend_select=["CEL2"], ignore=["CEL2"]),
    Layer(["CEL202"], ignore=["ALL"]),
    Layer(extend_select=["CEL101"], ignore=["CEL1"]),
]


@pytest.mark.parametrize(("configured", "given"), list(itertools.product(CONFIGURED, GIVEN)))
def test_ruff_chooses_the_same(tmp_path: Path, configured: Layer, given: Layer) -> None:
    assert chosen(configured, given) == ruffs(tmp_path, configured, given)
