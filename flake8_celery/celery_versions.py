"""Ranges of Celery releases, as the user writes them."""

from __future__ import annotations

Version = tuple[int, int]
Span = tuple[Version, Version | None]
# The releases that projects run on which say nothing of it.
DEFAULT: Span = ((5, 3), None)


def parse_span(text: str) -> Span:
    """`5.4` (that release), `5.3-5.6`, or `5.5+` (that and newer).  Raises ValueError."""
    text = text.strip()
    if text.endswith("+"):
        return _version(text[:-1]), None
    low, dash, high = text.partition("-")
    first = _version(low)
    last = _version(high) if dash else first
    if last < first:
        raise ValueError(f"`{text}` ends before it begins")
    return first, last


def _version(text: str) -> Version:
    parts = text.strip().split(".")
    if len(parts) < 2 or not all(part.isdigit() for part in parts):
        raise ValueError(f"`{text.strip()}` is not a version such as `5.4`")
    return int(parts[0]), int(parts[1])


def span_text(span: Span) -> str:
    """A range as the user would write it."""
    low, high = (None if end is None else f"{end[0]}.{end[1]}" for end in span)
    if high is None:
        return f"{low}+"
    return str(low) if low == high else f"{low}-{high}"
