"""How a call's arguments meet a function's parameters, as Python itself would bind them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..facts import Parameter


class Signature(NamedTuple):
    """The parameters that callers of a task see: without the task itself (`self`)."""

    parameters: tuple[Parameter, ...]

    @property
    def positional(self) -> list[Parameter]:
        """The parameters that a positional argument may fill, in order."""
        return [p for p in self.parameters if p.kind in ("positional", "either")]

    @property
    def takes_any_positional(self) -> bool:
        """Whether there is a `*args`."""
        return any(p.kind == "*" for p in self.parameters)

    @property
    def takes_any_keyword(self) -> bool:
        """Whether there is a `**kwargs`."""
        return any(p.kind == "**" for p in self.parameters)

    @property
    def required(self) -> list[Parameter]:
        """The parameters without a default, in order."""
        return [p for p in self.parameters if p.default is None and p.kind not in ("*", "**")]

    def bind(self, positional: int, keywords: Iterable[str]) -> str | None:
        """Why `positional` arguments and those `keywords` do not fit, or None when they do.

        The reason is worded as Python words its TypeError, without the function's name."""
        slots = self.positional
        given = set(keywords)
        filled = {p.name for p in slots[:positional]}
        by_name = {p.name for p in self.parameters if p.kind in ("either", "keyword")}
        for name in sorted(given):
            if name in by_name:
                if name in filled:
                    return f"got multiple values for argument '{name}'"
            elif not self.takes_any_keyword:
                only = [p.name for p in slots if p.kind == "positional" and p.name == name]
                if only:
                    return (
                        f"got some positional-only arguments passed as keyword arguments: '{name}'"
                    )
                return f"got an unexpected keyword argument '{name}'"
        if positional > len(slots) and not self.takes_any_positional:
            return _too_many(slots, positional)
        taken = filled | (given & by_name)
        missing = [p for p in self.required if p.name not in taken]
        in_place = [p.name for p in missing if p.kind != "keyword"]
        if in_place:
            return _missing(in_place, "positional")
        if missing:
            return _missing([p.name for p in missing], "keyword-only")
        return None


def _too_many(slots: list[Parameter], positional: int) -> str:
    most, least = len(slots), sum(p.default is None for p in slots)
    span = str(most) if most == least else f"from {least} to {most}"
    plural = "" if span == "1" else "s"
    verb = "was" if positional == 1 else "were"
    return f"takes {span} positional argument{plural} but {positional} {verb} given"


def _missing(names: list[str], kind: str) -> str:
    quoted = [f"'{name}'" for name in names]
    if len(quoted) == 1:
        shown = quoted[0]
    elif len(quoted) == 2:
        shown = " and ".join(quoted)
    else:
        shown = ", ".join(quoted[:-1]) + f", and {quoted[-1]}"
    plural = "" if len(names) == 1 else "s"
    return f"missing {len(names)} required {kind} argument{plural}: {shown}"
