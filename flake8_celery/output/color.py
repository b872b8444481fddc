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
WELL = "\x1b[1;32m"
COUNTED = "\x1b[1;31m"


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
    """The style that `--color` and the environment ask for, as ruff decides.

    `when` is "always", "never" or else automatic; `terminal` says whether the output is one."""
    automatic = when not in ("always", "never") and _automatic(terminal)
    color = when == "always" or automatic
    return Style(color, color and _links())


def _automatic(terminal: bool) -> bool:
    """Whether colours are forbidden, forced (whatever the value), or understood."""
    environment = os.environ
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR") or environment.get("CLICOLOR_FORCE"):
        return True
    return terminal and environment.get("CLICOLOR") != "0" and environment.get("TERM") != "dumb"


def _links() -> bool:
    """Whether the terminal is known to show links; `FORCE_HYPERLINK` other than 0 says that it
    is.  The terminals are those of the crate `supports-hyperlinks`."""
    environment = os.environ
    forced = environment.get("FORCE_HYPERLINK")
    if forced is not None:
        return forced != "0"
    programs = ("Hyper", "iTerm.app", "terminology", "WezTerm", "vscode", "ghostty")
    version = environment.get("VTE_VERSION", "")
    return (
        environment.get("TERM_PROGRAM") in programs
        or environment.get("TERM") in ("xterm-kitty", "alacritty", "alacritty-direct")
        or environment.get("COLORTERM") == "xfce4-terminal"
        or any(name in environment for name in ("DOMTERM", "WT_SESSION", "KONSOLE_VERSION"))
        or (version.isdecimal() and int(version) >= 5000)
    )
