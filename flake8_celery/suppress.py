"""Which findings a comment silences.

The grammar is that of ruff 0.17.5: `# noqa`, `# ruff: noqa`, `# flake8: noqa`, and
`# ruff: ignore[...]`, `file-ignore[...]`, `disable[...]` to `enable[...]`. Only real comments
count, and a malformed one silences nothing. Beyond ruff's stable behaviour, the `[...]` forms
take names of rules as well as codes.
"""

from __future__ import annotations

import re
import tokenize
import warnings
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from flake8_celery.source import Source, Span

NOQA = "noqa"
RUFF_NOQA = "ruff: noqa"
FLAKE8_NOQA = "flake8: noqa"
IGNORE = "ruff: ignore"
FILE_IGNORE = "ruff: file-ignore"
DISABLE = "ruff: disable"
ENABLE = "ruff: enable"

# Unicode's white space, which is less than what `\s` matches.
_SPACE = "[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_NOQA = re.compile(rf"#{_SPACE}*(?i:noqa)")
_FILE_NOQA = re.compile(rf"#{_SPACE}*(ruff|flake8){_SPACE}*:{_SPACE}*(?i:noqa)")
_CODES_FOLLOW = re.compile(f"{_SPACE}*:")
_CODE = re.compile("([A-Z]+)([0-9]*)")
_RUFF = re.compile(rf"#{_SPACE}*ruff{_SPACE}*:{_SPACE}*")
_ACTION = re.compile(rf"(disable|enable|file-ignore|ignore){_SPACE}*")
_WORD = re.compile(r"[^\W\d_][\w:-]*")
_SPACES = re.compile(f"{_SPACE}*")

_EXPECTED_CODES = "expected a comma-separated list of codes (e.g., `# noqa: F401, F841`)."
_EXPECTED_COLON = (
    "expected `:` followed by a comma-separated list of codes (e.g., `# noqa: F401, F841`)."
)
_EXPECTED_CODE = (
    "expected code to consist of uppercase letters followed by digits only (e.g. `F401`)"
)

_TRAILING = "trailing comments are only supported for ruff:ignore suppressions"

_NO_LIMIT = 1 << 62


class Directive(NamedTuple):
    """A well-formed suppression comment.

    `codes` are as written, empty where everything is silenced. `span` is the comment from its
    `#` up to its end or the next `#`. The findings that it reaches start on `first_row` to
    `last_row`; both are 0 where it reaches none by itself (`enable`).
    """

    row: int
    kind: str
    codes: tuple[str, ...]
    span: Span
    first_row: int
    last_row: int

    def _names(self, code: str, name: str) -> bool:
        if not self.codes or code in self.codes:
            return True
        return self.kind in (IGNORE, FILE_IGNORE, DISABLE) and name in self.codes


class _Malformed(Exception):
    """A comment that was meant to silence something, and why it does not."""


class Suppressions:
    """The suppression comments of one file.

    `warnings` are (row, message) in ruff's words for malformed `noqa` comments; `{path}` in a
    message stands for the path as it is printed. `invalid` are (row, message) for malformed and
    misplaced `# ruff:` comments, on which ruff has a rule of its own (RUF103). `directives` are
    the well-formed comments by row; `unmatched` those `disable`s among them that no `enable`
    ends (RUF104).
    """

    __slots__ = (
        "_noqa",
        "_shifted",
        "_source",
        "_wide",
        "directives",
        "invalid",
        "unmatched",
        "warnings",
    )

    def __init__(self, source: Source) -> None:
        self._source = source
        self._shifted: list[tuple[int, int]] | None = None
        self._noqa: dict[int, Directive] = {}
        self._wide: list[Directive] = []
        self.directives: list[Directive] = []
        self.warnings: list[tuple[int, str]] = []
        self.invalid: list[tuple[int, str]] = []
        self.unmatched: list[Directive] = []

    @classmethod
    def of(cls, source: Source) -> Suppressions:
        """Read the comments of a file. Never raises: what cannot be tokenized has none."""
        suppressions = cls(source)
        if "ruff" in source.text or "noqa" in source.text.lower():
            reader = _Reader(source)
            for token in _tokens(source):
                reader.see(token)
            reader.finish()
            reader.directives.sort()
            suppressions.directives = reader.directives
            suppressions.warnings = reader.file_warnings + reader.warnings
            suppressions.invalid = sorted(reader.invalid)
            suppressions.unmatched = reader.unmatched
            suppressions._shifted = _joined(reader.shifted)
            for directive in reader.directives:
                if directive.kind == NOQA:
                    suppressions._noqa[directive.row] = directive
                elif directive.kind != ENABLE:
                    suppressions._wide.append(directive)
        return suppressions

    def silences(self, code: str, name: str, span: Span) -> bool:
        """Whether a comment silences a finding, by ruff's rules. `name` is the rule's name."""
        if self._noqa:
            noqa = self._noqa.get(self.noqa_row(span[0]))
            if noqa is not None and noqa._names(code, name):
                return True
        return any(_reaches(directive, code, name, span) for directive in self._wide)

    def silences_in_plugin(self, code: str, name: str, span: Span) -> bool:
        """Whether a `# ruff:` comment silences a finding. The other forms are flake8's, which
        applies them itself to what a plugin reports."""
        return any(
            directive.kind != FLAKE8_NOQA and _reaches(directive, code, name, span)
            for directive in self._wide
        )

    def idle(
        self,
        findings: Sequence[tuple[str, str, Span]],
        code_of: Callable[[str], str | None],
    ) -> Iterator[tuple[Directive, tuple[str, ...]]]:
        """The directives that name codes which silence none of `findings` (code, name, place),
        and these codes as they are written.

        `code_of` gives the code for a code or name, None for one that is not to be judged."""
        for directive in self.directives:
            if directive.kind == ENABLE:
                continue
            idle = tuple(
                written
                for written in directive.codes
                if (code := code_of(written)) is not None
                and not any(
                    found == code and self._touches(directive._replace(codes=()), span)
                    for found, _, span in findings
                )
            )
            if idle:
                yield directive, idle

    def _touches(self, directive: Directive, span: Span) -> bool:
        """Whether a directive is about a place, be it for flake8 only: there a `# noqa` may stand
        on any line of a string that goes over several."""
        if directive.kind == NOQA:
            return span[0] <= directive.row <= self.noqa_row(span[0]) or (
                self.noqa_row(span[0]) == self.noqa_row(directive.row)
            )
        return _reaches(directive, "", "", span)

    def noqa_row(self, row: int) -> int:
        """The row on which a `# noqa` for a finding on `row` stands: the end of a triple-quoted
        string or of lines joined by backslashes, else the row itself."""
        if self._shifted is None:
            text = self._source.text
            if "\\" not in text and '"""' not in text and "'''" not in text:
                self._shifted = []
            else:
                reader = _Reader(self._source)
                for token in _tokens(self._source):
                    reader.see_rows(token)
                self._shifted = _joined(reader.shifted)
        index = bisect_right(self._shifted, (row, _NO_LIMIT)) - 1
        return max(row, self._shifted[index][1]) if index >= 0 else row


def _reaches(directive: Directive, code: str, name: str, span: Span) -> bool:
    # An `ignore` reaches what starts on its rows, a `disable` what lies between its rows.
    row = span[2] if directive.kind == DISABLE else span[0]
    return (
        directive.first_row <= span[0]
        and row <= directive.last_row
        and directive._names(code, name)
    )


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges of rows in order, those with a row in common made one."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def _tokens(source: Source) -> list[tokenize.TokenInfo]:
    """The tokens up to the end or up to where the text is no longer Python."""
    lines = source.lines
    if "\r" in source.text:
        lines = [line.rstrip("\r\n") + "\n" for line in lines]
    tokens = []
    # From 3.12 on the tokenizer warns (`1if x`), which under `-W error` would end it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for token in tokenize.generate_tokens(iter(lines).__next__):
                tokens.append(token)
        except (tokenize.TokenError, SyntaxError, ValueError, SystemError):
            pass
    return tokens


_LINE_ENDS = frozenset((tokenize.NEWLINE, tokenize.NL))
_TRIVIA = frozenset((tokenize.NL, tokenize.COMMENT))
_STRING_STARTS = frozenset(
    getattr(tokenize, name)
    for name in ("FSTRING_START", "TSTRING_START")
    if hasattr(tokenize, name)
)
_STRING_ENDS = frozenset(
    getattr(tokenize, name) for name in ("FSTRING_END", "TSTRING_END") if hasattr(tokenize, name)
)


class _Reader:
    """One pass over the tokens of a file."""

    __slots__ = (
        "_above",
        "_depth",
        "_disabled",
        "_end",
        "_indents",
        "_inside",
        "_line_row",
        "_logical",
        "_source",
        "_strings",
        "_text_row",
        "_waiting",
        "directives",
        "file_warnings",
        "invalid",
        "shifted",
        "unmatched",
        "warnings",
    )

    def __init__(self, source: Source) -> None:
        self._source = source
        self.directives: list[Directive] = []
        self.file_warnings: list[tuple[int, str]] = []
        self.warnings: list[tuple[int, str]] = []
        self.invalid: list[tuple[int, str]] = []
        self.unmatched: list[Directive] = []
        self.shifted: list[tuple[int, int]] = []
        # Where the last token ended, when the line may go on behind it: a backslash follows.
        self._end = 0
        self._strings: list[tokenize.TokenInfo] = []
        self._indents = [""]
        # How many blocks up to that of the first `disable` or `enable` are open, 0 before one is
        # seen. Like ruff, only the ends of these settle a comment that fits no block.
        self._depth = 0
        # Whether a statement has begun and not ended.
        self._logical = False
        # The first row of the physical line, or of the lines that a string or backslash joins.
        self._line_row = 0
        # Whether the line holds more than a comment.
        self._text_row = False
        # Own-line `ignore`s above a statement, and those inside of one.
        self._above: list[Directive] = []
        self._inside: list[Directive] = []
        # `disable` and `enable` comments whose block is not known yet, then those of open blocks.
        self._waiting: list[tuple[str, Directive]] = []
        self._disabled: list[tuple[str, Directive]] = []

    def see_rows(self, token: tokenize.TokenInfo) -> None:
        """Note the rows that a string or backslashes join."""
        first, last = token.start[0], token.end[0]
        if 0 < self._end < first:
            self.shifted.append((self._end, first))
        self._end = 0 if token.type in _LINE_ENDS or token.type == tokenize.COMMENT else last
        if token.type in _STRING_STARTS:
            self._strings.append(token)
        elif token.type in _STRING_ENDS and self._strings:
            first = self._strings.pop().start[0]
        if last > first and token.string.endswith(('"""', "'''")):
            self.shifted.append((first, last))

    def see(self, token: tokenize.TokenInfo) -> None:
        """Note what a token says of suppressions. All tokens must be seen, in order."""
        self.see_rows(token)
        kind = token.type
        row = token.start[0]
        if not self._line_row:
            self._line_row = row
        if kind == tokenize.COMMENT:
            self._comment(token)
        elif kind not in _TRIVIA:
            self._place(kind in (tokenize.INDENT, tokenize.DEDENT))
            if kind == tokenize.INDENT:
                self._indents.append(token.string)
                self._depth += self._depth > 0
            elif kind == tokenize.DEDENT:
                block = self._indents.pop()
                if self._depth:
                    self._close(block, row)
                    self._depth = self._depth - 1 if self._disabled else 0
            elif kind == tokenize.NEWLINE:
                self._logical = False
            else:
                self._logical = self._text_row = True
        if kind in _LINE_ENDS:
            if kind == tokenize.NEWLINE or self._text_row:
                self._settle(self._inside, row)
            if kind == tokenize.NEWLINE:
                self._settle(self._above, row)
            self._line_row = 0
            self._text_row = False

    def finish(self) -> None:
        """Settle what the end of the file leaves open."""
        self._settle(self._inside, _NO_LIMIT)
        self._settle(self._above, _NO_LIMIT)
        self._place(False)
        self._close("", _NO_LIMIT)

    def _settle(self, ignores: list[Directive], last_row: int) -> None:
        self.directives += [ignore._replace(last_row=last_row) for ignore in ignores]
        ignores.clear()

    def _place(self, block_changes: bool) -> None:
        """Give the waiting comments to their block, now that what follows them is known."""
        for indent, directive in self._waiting:
            if block_changes or indent == self._indents[-1]:
                self._disabled.append((indent, directive))
            else:
                self._refuse(directive.row, "unexpected indentation")
        self._waiting.clear()

    def _close(self, block: str, row: int) -> None:
        """A block ends above `row`: match its comments, the rest belongs to outer blocks."""
        index = 0
        while index < len(self._disabled):
            indent, directive = self._disabled[index]
            if len(indent) < len(block):
                index += 1
                continue
            del self._disabled[index]
            if directive.kind == ENABLE:
                self._refuse(directive.row, "no matching 'disable' comment")
                continue
            last_row = row - 1
            for other_index in range(index, len(self._disabled)):
                other_indent, other = self._disabled[other_index]
                if (other.kind, other_indent, other.codes) == (ENABLE, indent, directive.codes):
                    last_row = other.row
                    self.directives.append(other)
                    del self._disabled[other_index]
                    break
            else:
                self.unmatched.append(directive)
            self.directives.append(directive._replace(last_row=last_row))

    def _refuse(self, row: int, reason: str) -> None:
        self.invalid.append((row, f"Invalid suppression comment: {reason}"))

    def _comment(self, token: tokenize.TokenInfo) -> None:
        row, start = token.start
        indent: str | None = self._source.line(row)[:start]
        if indent and indent.strip(" \t\f"):
            indent = None
        text = token.string
        if found := _FILE_NOQA.search(text):
            kind = RUFF_NOQA if found[1] == "ruff" else FLAKE8_NOQA
            self._noqa(token, found, kind, indent is not None)
        if found := _NOQA.search(text):
            self._noqa(token, found, NOQA, True)
        if "ruff" in text:
            for part in re.finditer("#[^#]*", text):
                self._ruff(token, part, indent if part.start() == 0 else None)

    def _noqa(
        self, token: tokenize.TokenInfo, found: re.Match[str], kind: str, in_place: bool
    ) -> None:
        row, start = token.start
        text = token.string
        # ruff calls both file-level forms by its own.
        shown, noted = (
            ("# noqa", self.warnings) if kind == NOQA else ("# ruff: noqa", self.file_warnings)
        )
        try:
            codes, complaints = _noqa_codes(text[found.end() :])
        except _Malformed as error:
            where = "on" if kind == NOQA else "at"
            noted.append((row, f"Invalid `{shown}` directive {where} {{path}}:{row}: {error}"))
            return
        for complaint in complaints:
            noted.append((row, f"Missing or joined rule code(s) at {{path}}:{row}: {complaint}"))
        if not in_place:
            message = (
                f"Unexpected `{shown}` directive at {{path}}:{row}. File-level suppression "
                "comments must appear on their own line. For line-level suppression, omit the "
                "`ruff:` prefix."
            )
            noted.append((row, message))
            return
        first, last = (row, row) if kind == NOQA else (1, _NO_LIMIT)
        span = (row, start + found.start() + 1, row, start + len(text) + 1)
        self.directives.append(Directive(row, kind, codes, span, first, last))

    def _ruff(self, token: tokenize.TokenInfo, part: re.Match[str], indent: str | None) -> None:
        """A `# ruff: action[...]` comment; `indent` is None where something stands before it."""
        row, start = token.start
        try:
            parsed = _action_and_codes(token.string[part.start() :])
        except _Malformed as error:
            self._refuse(row, str(error))
            return
        if parsed is None:
            return
        kind, codes = parsed
        start += part.start() + 1
        span = (row, start, row, start + len(part[0].rstrip()))
        directive = Directive(row, kind, codes, span, row, row)
        if kind == IGNORE:
            if indent is None:
                self.directives.append(directive._replace(first_row=self._line_row))
            elif self._logical:
                self._inside.append(directive)
            else:
                self._above.append(directive)
            return
        if kind == FILE_IGNORE:
            if indent is None:
                self._refuse(row, _TRAILING)
            elif indent:
                self._refuse(row, "file-level suppressions must be at global module scope")
            else:
                self.directives.append(directive._replace(first_row=1, last_row=_NO_LIMIT))
            return
        self._depth = self._depth or 1
        if indent is None:
            self._refuse(row, _TRAILING)
            return
        if kind == ENABLE:
            directive = directive._replace(first_row=0, last_row=0)
        self._waiting.append((indent, directive))


def _noqa_codes(rest: str) -> tuple[tuple[str, ...], list[str]]:
    """The codes behind the word `noqa`, none for a blanket one, and what is wrong with the
    list all the same. Raises _Malformed."""
    follow = _CODES_FOLLOW.match(rest)
    if follow is None:
        if rest and rest[0] != "#" and not re.match(_SPACE, rest):
            raise _Malformed(_EXPECTED_COLON)
        return (), []
    codes: list[str] = []
    complaints: list[str] = []
    joined = False
    index = follow.end()
    while index < len(rest):
        index = _skip(rest, index)
        if rest.startswith(",", index):
            complaints.append("expected rule code between commas")
            index += 1
            continue
        found = _CODE.match(rest, index)
        if found is None or not found[2]:
            if found is not None and joined:
                raise _Malformed(_EXPECTED_CODE)
            # The first word that is no code begins the reason.
            break
        codes.append(found[0])
        index = found.end()
        after = rest[index : index + 1]
        joined = "A" <= after <= "Z"
        if joined:
            complaints.append("expected comma or space delimiter between codes")
        elif after == ",":
            index += 1
        elif after and after != "#" and not re.match(_SPACE, after):
            raise _Malformed(_EXPECTED_CODE)
    if not codes:
        raise _Malformed(_EXPECTED_CODES)
    return tuple(codes), complaints


def _action_and_codes(text: str) -> tuple[str, tuple[str, ...]] | None:
    """The kind and the codes of a `# ruff:` comment, None for another comment. Raises
    _Malformed."""
    ruff = _RUFF.match(text)
    if ruff is None or text.startswith(("noqa", "isort"), ruff.end()):
        return None
    action = _ACTION.match(text, ruff.end())
    if action is None:
        raise _Malformed("unknown ruff directive")
    if not text.startswith("[", action.end()):
        raise _Malformed("missing suppression codes like `[E501, ...]`")
    codes: list[str] = []
    index = action.end()
    while True:
        index = _skip(text, index + 1)
        if text.startswith("]", index):
            break
        if index == len(text):
            raise _Malformed("missing closing bracket")
        word = _WORD.match(text, index)
        if word is None:
            raise _Malformed("invalid error code")
        codes.append(word[0])
        index = _skip(text, word.end())
        if text.startswith("]", index):
            break
        if index == len(text):
            raise _Malformed("missing closing bracket")
        if text[index] != ",":
            raise _Malformed("missing comma between codes")
    if not codes:
        raise _Malformed("missing suppression codes like `[E501, ...]`")
    return f"ruff: {action[1]}", tuple(codes)


def _skip(text: str, index: int) -> int:
    found = _SPACES.match(text, index)
    return found.end() if found else index
