"""When output has colours and links: as ruff decides, measured with ruff."""

from __future__ import annotations

import pytest

from flake8_celery.output.color import PLAIN, Style, style_for

VARIABLES = (
    "NO_COLOR FORCE_COLOR CLICOLOR CLICOLOR_FORCE FORCE_HYPERLINK TERM TERM_PROGRAM COLORTERM "
    "VTE_VERSION DOMTERM WT_SESSION KONSOLE_VERSION"
).split()


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def set_all(monkeypatch: pytest.MonkeyPatch, variables: str) -> None:
    for each in variables.split():
        monkeypatch.setenv(*each.split("=", 1))


@pytest.mark.parametrize(
    ("variables", "terminal", "color"),
    [
        ("", True, True),
        ("", False, False),
        ("NO_COLOR=1", True, False),
        ("NO_COLOR=", True, True),
        ("NO_COLOR=0", True, False),
        ("CLICOLOR=0", True, False),
        ("CLICOLOR=1", False, False),
        ("TERM=dumb", True, False),
        ("FORCE_COLOR=1", False, True),
        ("FORCE_COLOR=0", False, True),
        ("FORCE_COLOR=", False, False),
        ("CLICOLOR_FORCE=1", False, True),
        ("FORCE_COLOR=1 NO_COLOR=1", False, False),
        ("CLICOLOR_FORCE=1 NO_COLOR=1", False, False),
    ],
)
def test_the_environment_decides(
    variables: str, terminal: bool, color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch, variables)
    assert style_for(None, terminal).color == style_for("auto", terminal).color == color


def test_the_flag_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert style_for("always", terminal=False).color
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not style_for("never", terminal=True).color


@pytest.mark.parametrize(
    ("variables", "links"),
    [
        ("", False),
        ("FORCE_HYPERLINK=1", True),
        ("FORCE_HYPERLINK=0 TERM_PROGRAM=vscode", False),
        ("TERM_PROGRAM=vscode", True),
        ("TERM_PROGRAM=WezTerm", True),
        ("TERM_PROGRAM=mintty", False),
        ("TERM=xterm-kitty", True),
        ("TERM=xterm", False),
        ("VTE_VERSION=5000", True),
        ("VTE_VERSION=4000", False),
        ("VTE_VERSION=new", False),
        ("KONSOLE_VERSION=2", True),
    ],
)
def test_links_need_a_terminal_that_knows_them(
    variables: str, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_all(monkeypatch, variables)
    assert style_for("always", terminal=False) == Style(True, links)
    assert style_for("never", terminal=True) == PLAIN


def test_a_plain_style_leaves_text_alone() -> None:
    assert PLAIN.paint("\x1b[1m", "text") == PLAIN.link("https://example.org", "text") == "text"
