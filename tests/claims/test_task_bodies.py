"""What the rules on the bodies of tasks claim, asked of Celery and Django themselves.

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

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
)
django.setup()
from celery import Celery, group, uuid
from celery.app.trace import build_tracer
from django.db import connection, transaction

app = Celery("claims", broker="memory://", backend="cache+memory://")
app.conf.task_default_queue = uuid()
app.conf.task_publish_retry = False
connection.cursor().execute("CREATE TABLE orders (pk INTEGER)")
sent = []


def insert(pk=1):
    connection.cursor().execute("INSERT INTO orders VALUES (%s)", [pk])


def rows():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM orders")
        return cursor.fetchone()[0]


def waiting():
    found = []
    with app.connection_for_read() as broker:
        queue = broker.SimpleQueue(app.conf.task_default_queue)
        while queue.qsize():
            found.append(queue.get(block=False))
            found[-1].ack()
        queue.close()
    return found


def run(task, *args, request=None):
    request = {"id": uuid(), "delivery_info": {}, **(request or {})}
    build_tracer(task.name, task, app=app)(request["id"], args, {}, request)
    return app.backend.get_task_meta(request["id"])["status"]


@app.task
def plain():
    raise ConnectionError("refused")


@app.task(autoretry_for=(OSError,), max_retries=1)
def retried():
    raise ConnectionError("refused")


@app.task(autoretry_for=(OSError,))
def inserts():
    insert()
    raise OSError("the upload")


@app.task(autoretry_for=(OSError,))
@transaction.atomic
def inserts_in_one():
    insert()
    mail.delay()
    raise OSError("the upload")


@app.task
def mail(address=None):
    sent.append(address)


@app.task
def newsletter(addresses):
    for address in addresses:
        if address == "bad":
            raise OSError(address)
        mail(address)


@app.task
def one(x):
    pass


def twice(task):
    # As a worker runs it at first, and then the message of the retry.
    first = run(task)
    message = [m for m in waiting() if m.headers["task"] == task.name][0]
    headers = message.headers
    second = run(task, *message.payload[0], request={"id": headers["id"], "retries": 1})
    waiting()
    return [first, second]


answers = {}
answers["plain"] = [run(plain), len(waiting())]
answers["retried"] = [run(retried), len(waiting())]
answers["inserts"] = [twice(inserts), rows()]
connection.cursor().execute("DELETE FROM orders")
state = run(inserts_in_one)
tasks = [m.headers["task"].rpartition(".")[2] for m in waiting()]
answers["inserts in one"] = [state, rows(), sorted(tasks)]
states = [run(newsletter, ["a", "bad", "b"]) for _ in range(2)]
answers["newsletter"] = [states, sent]
[one.delay(x) for x in range(6)]
answers["loop"] = len(waiting())
group(one.s(x) for x in range(6)).delay()
answers["group"] = len(waiting())
one.chunks([(x,) for x in range(6)], 3).apply_async()
answers["chunks"] = len(waiting())
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers() -> Any:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(done.stdout)


def test_an_error_fails_a_task_at_once_and_autoretry_sends_it_again(answers: Any) -> None:
    assert answers["plain"] == ["FAILURE", 0]
    assert answers["retried"] == ["RETRY", 1]


def test_a_retry_inserts_again(answers: Any) -> None:
    assert answers["inserts"] == [["RETRY", "RETRY"], 2]


def test_a_transaction_takes_the_row_back_but_no_message(answers: Any) -> None:
    assert answers["inserts in one"] == ["RETRY", 0, ["inserts_in_one", "mail"]]


def test_a_loop_stops_at_the_first_error_and_starts_again_with_the_first_item(
    answers: Any,
) -> None:
    assert answers["newsletter"] == [["FAILURE", "FAILURE"], ["a", "a"]]


def test_a_group_sends_as_many_messages_as_a_loop_and_chunks_fewer(answers: Any) -> None:
    assert (answers["loop"], answers["group"], answers["chunks"]) == (6, 6, 2)
