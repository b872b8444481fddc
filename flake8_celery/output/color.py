"""Colours and links of a terminal, with ruff's codes (`ruff_db`'s `stylesheet.rs`)."""

from __future__ import annotations

import os
from typing import NamedTuple

RESET = "\x1b[0m"
BOLD = "\x1b[1m"
UNDERLINE = "\x1b[4m"
ERROR = "\x1b[1m\x1b[91m"
NOTE = "\x1b[1m\x1b[33m"
HELP = "\x1b[1m\x1b[96m"
GUTTER = "\x1b[1m\x1b[94m"
SEPARATOR = "\x1b[36m"
CODE = "\x1b[1m\x1b[31m"
ADDED = "\x1b[32m"
REMOVED = "\x1b[31m"


class Style(NamedTuple):
    """Whether text has colours, and codes are links to the page of their rule."""

    color: bool = False
    hyperlinks: bool = False

    def paint(self, code: str, text: str) -> str:
        """The text in a colour, or as it is where there are none."""
        return f"{code}{text}{RESET}" if self.color and code else text

    def link(self, url: str | None, text: str) -> str:
        """The text as a link (OSC 8), or as it is where there are none."""
        if not (self.color and self.hyperlinks and url):
            return text
        return f"\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\"


PLAIN = Style()


def style_for(when: str | None, terminal: bool) -> Style:
    """The style that `--color` and the environment ask for.

    `when` is "always", "never" or else automatic; `terminal` says whether the output is one."""
    if when == "always":
        color = True
    elif when == "never":
        color = False
    else:
        color = _automatic(terminal)
    return Style(color, color and _links(terminal))


def _automatic(terminal: bool) -> bool:
    """As ruff's `colored` and `anstream` decide: forced, forbidden, or for a terminal."""
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE", "0") != "0":
        return True
    if os.environ.get("NO_COLOR") or os.environ.get("CLICOLOR") == "0":
        return False
    return terminal and os.environ.get("TERM") != "dumb"


def _links(terminal: bool) -> bool:
    """Whether the terminal is known to show links; `FORCE_HYPERLINK` (not "0") says that it is."""
    forced = os.environ.get("FORCE_HYPERLINK")
    if forced:
        return forced != "0"
    if not terminal:
        return False
    environment = os.environ
    return (
        environment.get("TERM_PROGRAM")
        in ("Hyper", "iTerm.app", "terminology", "WezTerm", "vscode")
        or environment.get("TERM") == "xterm-kitty"
        or environment.get("COLORTERM") == "xfce4-terminal"
        or any(name in environment for name in ("DOMTERM", "WT_SESSION", "KONSOLE_VERSION"))
        or environment.get("VTE_VERSION", "0").zfill(4) >= "5000"
    )
