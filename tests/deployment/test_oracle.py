"""Celery's own command line parser reads the same of a worker's words as we do."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from celery.bin.celery import celery as main

from .test_formats import commands

LINES = [
    "celery -A shop worker -Q a,b -c 4 -P threads",
    "celery --app=shop worker --queues=a --concurrency=4 --pool=solo",
    "celery -A shop worker -Ofair -c4 -Qa,b -lINFO",
    "celery -A shop worker -EB -c 2 --time-limit=300 --soft-time-limit 240.5",
    "celery -A shop -q worker -Ec3 -X old,older --max-tasks-per-child 100",
    "celery -A shop worker --autoscale=10,3 --prefetch-multiplier=1 -n w1@%h",
    "celery -A shop worker -c 1 -c 8 --without-gossip --without-mingle",
    "celery -b memory:// --app shop worker --max-memory-per-child=1000 -Q ' a, b'",
]
NUMBERS = (
    "time_limit soft_time_limit max_tasks_per_child max_memory_per_child prefetch_multiplier"
).split()


def of_celery(words: list[str], **environment: str) -> dict[str, Any]:
    """The parameters that Click gives the worker command."""
    from celery import Celery
    from celery.bin.base import CLIContext
    from celery.bin.worker import worker

    app = Celery("shop", broker="memory://", set_as_current=False)
    place = words.index("worker")
    outer = main.make_context("celery", words[1:place], resilient_parsing=True)
    outer.auto_envvar_prefix = "CELERY"
    outer.obj = CLIContext(app=app, no_color=True, workdir=None)
    given: dict[str, Any] = worker.make_context("worker", words[place + 1 :], parent=outer).params
    return given


@pytest.mark.parametrize("line", LINES)
def test_a_worker_command_means_what_celery_reads(line: str) -> None:
    theirs = of_celery(shlex.split(line))
    [ours] = commands("run.sh", f"{line}\n")
    assert list(ours.queues or ()) == list(theirs["queues"] or ())
    excluded = ours.option("exclude-queues")
    assert (excluded.split(",") if excluded else []) == list(theirs["exclude_queues"] or ())
    assert ours.number("concurrency") == (theirs["concurrency"] or None)
    for name in NUMBERS:
        # An app's own setting stands in where the multiplier is not given.
        if name != "prefetch_multiplier" or ours.option("prefetch-multiplier"):
            assert ours.number(name.replace("_", "-")) == theirs[name], name
    assert ours.embeds_beat == bool(theirs["beat"])
    assert (ours.option("optimization") or "default") == theirs["optimization"]
    assert (ours.option("without-gossip") is not None) == theirs["without_gossip"]
    limits = (
        sorted(map(int, (ours.option("autoscale") or "").split(",")), reverse=True)
        if (ours.option("autoscale"))
        else None
    )
    assert limits == (list(theirs["autoscale"]) if theirs["autoscale"] else None)


def test_variables_that_celery_reads_options_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_WORKER_TIME_LIMIT", "30")
    assert of_celery(["celery", "-A", "shop", "worker"])["time_limit"] == 30
    [ours] = commands("run.sh", "CELERY_WORKER_TIME_LIMIT=30 celery -A shop worker\n")
    assert ours.number("time-limit") == 30
