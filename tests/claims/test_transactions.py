"""What the rules of the transactions band claim, asked of Django and Celery themselves.

Django is configured once for a process, so the questions are put in one of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

pytest.importorskip("celery")
pytest.importorskip("django")

SCRIPT = """
import json
from functools import partial

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
)
django.setup()
from celery import Celery, chain
from django.db import transaction

app = Celery("claims", broker="memory://", backend="cache+memory://")
ran, answers = [], {}


@app.task(name="t")
def t(x=None):
    ran.append(x)


def waiting():
    found = []
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue("celery")
        while queue.qsize():
            message = queue.get(block=False)
            message.ack()
            found.append(message.payload[0])
        queue.close()
    return found


def ask(name, question):
    error = None
    try:
        question()
    except Exception as caught:
        error = type(caught).__name__ + ": " + str(caught)
    answers[name] = {"sent": waiting(), "ran": list(ran), "error": error}
    ran.clear()


def committed(callback):
    def question():
        with transaction.atomic():
            transaction.on_commit(callback())

    return question


def rolled_back():
    with transaction.atomic():
        t.delay(1)
        answers["before the commit"] = waiting()
        t.delay(2)
        raise ValueError("no")


def in_a_loop():
    with transaction.atomic():
        for x in range(3):
            transaction.on_commit(lambda: t.delay(x))


def in_a_loop_without_transaction():
    for x in range(3):
        transaction.on_commit(lambda: t.delay(x))


def in_a_loop_with_partial():
    with transaction.atomic():
        for x in range(3):
            transaction.on_commit(partial(t.delay, x))


ask("rolled back", rolled_back)
ask("loop", in_a_loop)
ask("loop without transaction", in_a_loop_without_transaction)
ask("loop with partial", in_a_loop_with_partial)
ask("result", committed(lambda: t.delay(1)))
ask("not called", committed(lambda: lambda: t.delay))
ask("signature dropped", committed(lambda: lambda: t.s(1)))
ask("signature", committed(lambda: t.s(1)))
ask("chain", committed(lambda: chain(t.si(1), t.si(2))))
ask("partial", committed(lambda: partial(t.delay, 1)))
ask("signature delayed", committed(lambda: t.s(1).delay))
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers() -> Any:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(done.stdout)


def test_CEL600_a_task_is_sent_before_the_commit_and_in_spite_of_a_rollback(answers: Any) -> None:
    assert answers["before the commit"] == [[1]]
    assert answers["rolled back"]["sent"] == [[2]]


def test_CEL603_callbacks_of_a_loop_see_its_last_value(answers: Any) -> None:
    assert answers["loop"]["sent"] == [[2], [2], [2]]


def test_CEL603_without_a_transaction_they_do_not(answers: Any) -> None:
    assert answers["loop without transaction"]["sent"] == [[0], [1], [2]]


def test_partial_binds_now(answers: Any) -> None:
    assert answers["loop with partial"]["sent"] == [[0], [1], [2]]


def test_CEL604_the_result_of_delay_is_no_callback(answers: Any) -> None:
    assert answers["result"]["sent"] == [[1]]
    assert answers["result"]["error"] == "TypeError: on_commit()'s callback must be a callable."


@pytest.mark.parametrize("name", ["not called", "signature dropped"])
def test_CEL604_a_lambda_that_does_not_call_sends_nothing(answers: Any, name: str) -> None:
    assert answers[name] == {"sent": [], "ran": [], "error": None}


def test_CEL604_a_signature_runs_in_this_process(answers: Any) -> None:
    assert answers["signature"] == {"sent": [], "ran": [1], "error": None}


def test_a_chain_sends_when_it_is_called(answers: Any) -> None:
    assert answers["chain"] == {"sent": [[1]], "ran": [], "error": None}


@pytest.mark.parametrize("name", ["partial", "signature delayed"])
def test_what_the_fix_writes_sends_at_the_commit(answers: Any, name: str) -> None:
    assert answers[name] == {"sent": [[1]], "ran": [], "error": None}
