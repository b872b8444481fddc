"""What each rule found in the pinned applications, and how it was judged, as one table.

    python tests/ecosystem/table.py            write RULES.md from what is kept
    python tests/ecosystem/table.py --count    ask all rules first, and keep their counts

`findings/` keeps each finding of the rules that are on by default, with the verdict of whoever
read the code.  Of the others, and of what was undecided, `counts.txt` keeps the numbers: a line is
a rule, its findings and the subjects of which it could not tell, in all applications together.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from fetch import FetchError, default_folder, fetch, read_pins
from flake8_celery.rule import ON_BY_DEFAULT, STABLE, load_rules
from flake8_celery.run import Request, analyse
from run import FINDINGS, Finding, read_findings

COUNTS = Path(__file__).with_name("counts.txt")
TABLE = Path(__file__).with_name("RULES.md")
VERDICTS = ("true", "opinion", "false")
HEADER = """\
# The rules on real applications

What each rule finds in the applications of `pins.txt`, and what whoever read the code said of it:
a finding is true; an opinion, true of the code but perhaps meant; or false. Rules that are off by
default or in preview are counted, and not judged one by one. A subject is undecided where the rule
could not tell, because a name or a value is not known.

Written by `table.py`; `findings/` has each finding.

| rule | default | findings | true | opinion | false | not judged | undecided |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
"""


class Count(NamedTuple):
    """What one rule came to in all applications."""

    findings: int
    undecided: int


def is_on(code: str) -> bool:
    """Whether a rule runs by default."""
    rule = load_rules().get(code)
    return rule is not None and rule.status == STABLE and rule.category in ON_BY_DEFAULT


def read_counts(text: str) -> dict[str, Count]:
    """The counts by code."""
    lines = [line.split() for line in text.splitlines()]
    return {code: Count(int(findings), int(undecided)) for code, findings, undecided in lines}


def write_counts(counts: dict[str, Count]) -> str:
    return "".join(f"{code} {c.findings} {c.undecided}\n" for code, c in sorted(counts.items()))


def count(folders: Iterable[Path]) -> dict[str, Count]:
    """Asks all rules about each application."""
    rules = load_rules()
    found: Counter[str] = Counter()
    undecided: Counter[str] = Counter()
    for folder in folders:
        analysis = analyse(Request(str(folder.resolve())), rules.values())
        found.update(finding.code for finding in analysis.findings)
        undecided.update(analysis.undecided)
        print(f"{folder.name}: {len(analysis.findings)} findings", file=sys.stderr)
    return {code: Count(found[code], undecided[code]) for code in rules}


def table(findings: Iterable[Finding], counts: dict[str, Count]) -> str:
    """The table: one row for each rule that was counted, and one for all that are on."""
    verdicts: dict[str, Counter[str]] = {code: Counter() for code in counts}
    for finding in findings:
        verdict = (finding.verdict or "not judged").partition(":")[0]
        verdicts.setdefault(finding.code, Counter())[verdict] += 1
    rows, total = [], [0] * 6
    for code, judged in sorted(verdicts.items()):
        known = counts.get(code, Count(0, 0))
        on = is_on(code) or judged.total() > 0
        sum_of = judged.total() if on else known.findings
        of_verdicts = [judged[verdict] for verdict in VERDICTS]
        numbers = [sum_of, *of_verdicts, sum_of - sum(of_verdicts), known.undecided]
        rows.append([code, "on" if on else "off", *numbers])
        if on:
            total = [one + more for one, more in zip(total, numbers, strict=True)]
    rows.append(["all that are on", "", *total])
    return HEADER + "".join(f"| {' | '.join(map(str, row))} |\n" for row in rows)


def kept() -> list[Finding]:
    """The findings on file, of all applications."""
    files = [FINDINGS / f"{name}.txt" for name in read_pins()]
    texts = [path.read_text(encoding="utf-8") for path in files if path.exists()]
    return [finding for text in texts for finding in read_findings(text)]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write the table of rules.")
    parser.add_argument("--count", action="store_true", help="ask all rules and keep their counts")
    parser.add_argument("--into", type=Path, default=default_folder(), metavar="DIR")
    options = parser.parse_args(arguments)
    if options.count:
        try:
            counts = count(fetch(pin, options.into) for pin in read_pins().values())
        except FetchError as error:
            print(error, file=sys.stderr)
            return 2
        COUNTS.write_text(write_counts(counts), encoding="utf-8")
    counts = read_counts(COUNTS.read_text(encoding="utf-8"))
    TABLE.write_text(table(kept(), counts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
