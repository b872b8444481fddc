"""No place and no text makes a format fail: files change between the analysis and the output."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from flake8_celery import output
from flake8_celery.diagnostic import Diagnostic, RelatedPlace, Texts
from flake8_celery.output.color import Style
from flake8_celery.rule import Edit, Fix
from flake8_celery.source import Span

PATHS = ("/project/a.py", "/project/b.py", "/project/gone.py")

CHARACTERS = "a \n\r\t漢😀\u0301\x0c\x00\x1b\u2028\ufeff(/"
pieces = st.sampled_from([*CHARACTERS, "\r\n", "x" * 150, " " * 50])
sources = st.lists(pieces, max_size=60).map("".join)
rows, columns = st.integers(1, 12), st.integers(1, 60)
spans = st.tuples(rows, columns, rows, columns).map(
    lambda s: (*min(s[:2], s[2:]), *max(s[:2], s[2:]))
)
related = st.builds(RelatedPlace, st.sampled_from(PATHS), spans, st.sampled_from(["", "a note"]))
edits = st.builds(Edit, spans, st.sampled_from(["", "z", "q\nr\n"]))
fixes = st.builds(
    lambda applicability, edits: Fix("Do it", applicability, tuple(sorted(edits))),
    st.sampled_from(["safe", "unsafe"]),
    st.lists(edits, min_size=1, max_size=3),
)


@settings(max_examples=150, deadline=None)
@given(
    sources,
    sources,
    spans,
    st.lists(related, max_size=4).map(tuple),
    st.none() | fixes,
    st.text(max_size=5),
    st.sampled_from([Style(), Style(True, True)]),
)
def test_every_format_can_show_it(
    first: str,
    second: str,
    span: Span,
    places: tuple[RelatedPlace, ...],
    fix: Fix | None,
    message: str,
    style: Style,
) -> None:
    files = {PATHS[0]: first.encode(), PATHS[1]: second.encode()}

    def read(path: str) -> bytes:
        if path not in files:
            raise FileNotFoundError(path)
        return files[path]

    url = "https://example.org"
    found = [Diagnostic(PATHS[0], span, "CEL001", "celery-x", message, True, url, places, fix)]
    for name in output.FORMATS:
        text = output.render(name, found, Texts(read), True, style)
        assert text
        if name in ("json", "gitlab", "rdjson", "sarif"):
            json.loads(text)
        if name == "junit":
            ElementTree.fromstring(text.encode())
