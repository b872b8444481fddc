"""Seeded defects are found: one seed of each rule here, all of them by `recall.py`."""

from __future__ import annotations

import pytest

from flake8_celery.rule import load_rules

from .recall import FOUND, MISSED, NO_RULE, Field, Seed, SeedError, main, parse, read_seeds, table

SEEDS = read_seeds()
LEAST = 0.95


@pytest.fixture(scope="module")
def field() -> Field:
    return Field()


def some() -> list[Seed]:
    """The last seed of each rule that is found: seldom the plainest one."""
    return list({seed.code: seed for seed in SEEDS if not seed.missed}.values())


@pytest.mark.parametrize("seed", some(), ids=str)
def test_the_defect_is_found(field: Field, seed: Seed) -> None:
    assert field.sow(seed).verdict in (FOUND, NO_RULE)


def test_a_seed_that_is_said_to_be_missed_is_missed(field: Field) -> None:
    found = [str(s) for s in SEEDS if s.missed and field.sow(s).verdict != MISSED]
    assert found == []


def test_nearly_all_seeds_are_to_be_found() -> None:
    rules = load_rules()
    sown = [seed for seed in SEEDS if seed.code in rules]
    assert sum(not seed.missed for seed in sown) / len(sown) >= LEAST


def test_every_rule_has_seeds() -> None:
    assert sorted(set(load_rules()) - {seed.code for seed in SEEDS}) == []
    assert len(SEEDS) >= 3 * len({seed.code for seed in SEEDS})


def test_no_seed_stands_twice() -> None:
    names = [str(seed) for seed in SEEDS]
    assert sorted({name for name in names if names.count(name) > 1}) == []
    changes = [(seed.code, seed.project, seed.pieces) for seed in SEEDS]
    assert len(set(changes)) == len(changes)


PLAIN = """\
CEL065 a new file
late.py
+ from celery import shared_task
+
+
+ @shared_task
+ async def late():  # error
+     print()
"""


def test_a_seed_is_read() -> None:
    (seed,) = parse(PLAIN.splitlines())
    assert (seed.code, seed.how, seed.project) == ("CEL065", "a new file", "shop_repaired")
    assert seed.pieces[0].new[1] == ""


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("  # error", "", "one line ends in"),
        ("late.py", "a b", "not part of a seed"),
        ("+     print()", "+     print(", "never closed"),
        ("late.py", "late.py\n- nothing like it", "0 times in late.py"),
        ("late.py", "project nowhere\nlate.py", "no project nowhere"),
    ],
)
def test_a_seed_that_does_not_fit_is_an_error(
    field: Field, old: str, new: str, complaint: str
) -> None:
    with pytest.raises(SeedError, match=complaint):
        for seed in parse(PLAIN.replace(old, new).splitlines()):
            field.sow(seed)


def test_a_defect_of_the_clean_project_is_no_seed(field: Field) -> None:
    lines = """\
CEL055 there already
catalogue/tasks.py
  @shared_task  # error
  def warm_cache():
""".splitlines()
    with pytest.raises(SeedError, match="clean project already"):
        field.sow(next(parse(lines)))


def test_the_table_counts(field: Field) -> None:
    (seed,) = parse(PLAIN.splitlines())
    outcomes = [field.sow(seed), field.sow(seed._replace(pieces=seed.pieces, code="CEL998"))]
    assert table(outcomes).splitlines() == [
        "| rule | seeds | found |",
        "| --- | ---: | ---: |",
        "| CEL065 | 1 | 1 |",
        "| all | 1 | 1 (100.0%) |",
        "",
        "no such rule: CEL998",
    ]


def test_the_command_prints_what_is_missed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["CEL117"]) == 0
    assert "missed: CEL117 a countdown" in capsys.readouterr().out
