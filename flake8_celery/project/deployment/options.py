"""Celery's own command lines: which words are options, and what they are called.

The tables are those of `celery/bin/*.py` (5.7); older spellings are understood as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .words import Word

KINDS = ("worker", "beat", "flower", "multi")


def _table(valued: str, flags: str) -> dict[str, tuple[str, bool]]:
    """Options by each spelling: the long name, and whether a value follows."""
    found = {}
    for text, takes in ((valued, True), (flags, False)):
        for spellings in text.split():
            name, *others = spellings.split("|")
            for spelling in (name, *others):
                dashes = "-" if len(spelling) == 1 else "--"
                found[f"{dashes}{spelling}"] = (name, takes)
    return found


GLOBAL = _table(
    "app|A broker|b result-backend loader config workdir", "no-color|C quiet|q version skip-checks"
)
DAEMON = _table("logfile|f pidfile uid gid umask executable", "detach|D")
WORKER = {
    **DAEMON,
    **_table(
        """hostname|n statedb|S loglevel|l optimization|O prefetch-multiplier concurrency|c pool|P
        time-limit soft-time-limit max-tasks-per-child|maxtasksperchild pool-start-method
        max-memory-per-child queues|Q exclude-queues|X include|I heartbeat-interval autoscale
        schedule-filename|schedule|s scheduler""",
        """disable-prefetch task-events|events|E purge|discard without-gossip without-mingle
        without-heartbeat beat|B""",
    ),
}
BEAT = {
    **_table("logfile|f pidfile uid gid umask executable", "detach"),
    **_table(
        "schedule|s scheduler|S max-interval hostname|n loglevel|l",
        "enable-remote-control no-enable-remote-control",
    ),
}
TABLES = {"worker": WORKER, "beat": BEAT, "multi": WORKER, "flower": {}}
SHELLS = frozenset("sh bash ash dash zsh".split())
# Programs that run the command that follows them.
RUNNERS = frozenset(
    """exec nohup time sudo nice ionice timeout gosu su-exec setpriv chpst runuser tini dumb-init
    env poetry uv uvx pipenv pdm hatch rye pixi conda micromamba watchmedo watchfiles nodemon
    python python3 ddtrace-run newrelic-admin opentelemetry-instrument coverage honcho doppler
    chamber wait-for-it wait-for-it.sh wait-for wait-for.sh dockerize entrypoint.sh if then do else
    while until ! command stdbuf setuidgid su xvfb-run scl aws-vault op infisical sops""".split()
)
ASSIGNED = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)=(.*)", re.DOTALL)
# A variable that holds the program: `${CELERY_BIN}` in Celery's own units for systemd.
CELERY_BIN = re.compile(r"(\$\{?|%\()\w*CELERY(_BIN)?(\}|\)s)?")
# What `watchfiles` is given where it calls a function.
MAIN = "celery.__main__.main"
RELOADERS = frozenset("watchfiles watchmedo nodemon".split())
DEEPEST = 4


class Parsed(NamedTuple):
    """One Celery command: the options by their long names, the last of each as Celery has it (a
    flag's word is empty), what is assigned before it, and whether it may have more options."""

    kind: str
    options: dict[str, Word]
    variables: dict[str, Word]
    open: bool


def base(word: Word) -> str:
    """The name of the program that a word calls."""
    if CELERY_BIN.fullmatch(word.text):
        return "celery"
    name = word.text.rpartition("/")[2].rpartition("\\")[2].lstrip("@-+")
    return "python" if re.fullmatch(r"python[\d.]*", name) else name


def find(words: Sequence[Word], depth: int = 0) -> Iterable[Parsed]:
    """The Celery commands that a simple command runs: itself, behind programs that run another,
    and inside of `sh -c "..."`."""
    from .words import logical_lines, simple_commands

    variables: dict[str, Word] = {}
    at = 0
    while at < len(words) and (match := ASSIGNED.fullmatch(words[at].text)):
        variables[match.group(1)] = Word(match.group(2))
        at += 1
    words = words[at:]
    if not words or depth > DEEPEST:
        return
    first = base(words[0])
    if first == "celery":
        yield from _celery(words[1:], variables)
        return
    if first not in RUNNERS and first not in SHELLS:
        return
    shell = first in SHELLS
    reloads = False
    for place, word in enumerate(words):
        name = base(word)
        shell = shell or name in SHELLS
        if place and (match := ASSIGNED.fullmatch(word.text)) and not shell:
            variables[match.group(1)] = Word(match.group(2))
        following = words[place + 1] if place + 1 < len(words) else None
        if shell and re.fullmatch(r"-[a-z]*c", word.text) and following is not None:
            for _, line in logical_lines(following.text):
                for inner in simple_commands(line):
                    for parsed in find(inner, depth + 1):
                        yield parsed._replace(variables={**variables, **parsed.variables})
            return
        if shell:
            continue
        reloads = reloads or name in RELOADERS
        if word.text == "--args" and following is not None and words[place - 1].text == MAIN:
            for inner in simple_commands(following.text):
                yield from _celery(inner, variables)
            return
        if " " in word.text and reloads:
            for inner in simple_commands(word.text):
                yield from find(inner, depth + 1)
        # After `gosu celery` comes the program.
        elif name == "celery" and place and following is not None and base(following) != "celery":
            found = list(_celery(words[place + 1 :], variables))
            if found:
                yield from found
                return


def _celery(words: Sequence[Word], variables: dict[str, Word]) -> Iterable[Parsed]:
    options: dict[str, Word] = {}
    kind, rest, is_open = "", list(words), False
    kind, is_open = _take(rest, GLOBAL, options, until_positional=True)
    if kind == "multi":
        action = rest.pop(0).text if rest else ""
        if action not in ("start", "restart", "show"):
            return
    if kind not in KINDS:
        return
    # `-A` after the command is how Celery 4 had it.
    _, more = _take(rest, {**GLOBAL, **TABLES[kind]}, options)
    yield Parsed(kind, options, variables, is_open or more)


def _take(
    words: list[Word],
    table: dict[str, tuple[str, bool]],
    options: dict[str, Word],
    until_positional: bool = False,
) -> tuple[str, bool]:
    """Moves options from `words` to `options`.  Gives the positional word that ended it, if one
    should, and whether some word may stand for other options."""
    is_open = False
    while words:
        word = words.pop(0)
        text = word.text
        if text == "--" and not until_positional:
            break
        if not text.startswith("-") or text == "-":
            if not word.known:
                is_open = True
            elif until_positional:
                return text, is_open
            continue
        if text.startswith("--"):
            spelled, equals, value = text.partition("=")
            known = table.get(spelled)
            name = known[0] if known else spelled[2:].replace("_", "-")
            if "$" in name or "{{" in name or ":" in name:
                is_open = True
            elif equals:
                options[name] = Word(value)
            elif known and known[1]:
                if words:
                    options[name] = words.pop(0)
            else:
                options[name] = Word("")
            continue
        letters = text[1:]
        while letters:
            known = table.get(f"-{letters[0]}")
            letters = letters[1:]
            if known is None:
                # `-Q:1` of `celery multi` is about some workers only.
                is_open = True
                break
            if not known[1]:
                options[known[0]] = Word("")
                continue
            if letters[:1] == ":":
                is_open = True
                if words:
                    words.pop(0)
            elif letters:
                options[known[0]] = Word(letters)
            elif words:
                options[known[0]] = words.pop(0)
            break
    return "", is_open
