"""Arguments meet parameters as in Python itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flake8_celery.facts import Parameter
from flake8_celery.project.signature import Signature

KINDS = ["positional", "either", "*", "keyword", "**"]
CONST = ("const", (1, 1, 1, 2), None)


@st.composite
def parameters(draw: st.DrawFn) -> tuple[Parameter, ...]:
    """Parameters that Python would accept in one `def`."""
    found: list[Parameter] = []
    defaults = False
    for kind, most in (("positional", 2), ("either", 2), ("*", 1), ("keyword", 2), ("**", 1)):
        for _ in range(draw(st.integers(0, most))):
            optional = draw(st.booleans())
            if kind in ("positional", "either"):
                defaults = defaults or optional
                optional = defaults
            name = "abcdefgh"[len(found)]
            starred = kind in ("*", "**")
            found.append(Parameter(name, kind, CONST if optional and not starred else None, None))
    return tuple(found)


def function(parameters: tuple[Parameter, ...]) -> Callable[..., Any]:
    """A real function with these parameters."""
    parts: list[str] = []
    kinds = [p.kind for p in parameters]
    for place, p in enumerate(parameters):
        if p.kind == "keyword" and "*" not in kinds[:place] and "keyword" not in kinds[:place]:
            parts.append("*")
        stars = p.kind if p.kind in ("*", "**") else ""
        parts.append(f"{stars}{p.name}{'=None' if p.default else ''}")
        if p.kind == "positional" and kinds[place + 1 : place + 2] != ["positional"]:
            parts.append("/")
    world: dict[str, Any] = {}
    exec(f"def f({', '.join(parts)}): ...", world)
    made: Callable[..., Any] = world["f"]
    return made


@given(parameters(), st.integers(0, 5), st.sets(st.sampled_from("abcdez")))
def test_binds_as_python_does(
    parameters: tuple[Parameter, ...], positional: int, keywords: set[str]
) -> None:
    real = function(parameters)
    why = Signature(parameters).bind(positional, keywords)
    try:
        real(*range(positional), **dict.fromkeys(keywords))
    except TypeError:
        assert why is not None
    else:
        assert why is None


@given(parameters(), st.integers(0, 5), st.sets(st.sampled_from("abcdez"), max_size=1))
def test_reasons_are_pythons(
    parameters: tuple[Parameter, ...], positional: int, keywords: set[str]
) -> None:
    real = function(parameters)
    why = Signature(parameters).bind(positional, keywords)
    try:
        real(*range(positional), **dict.fromkeys(keywords))
    except TypeError as error:
        message = str(error)
        if "takes" not in message and "positional-only" not in message:
            assert message == f"f() {why}"
    else:
        assert why is None
