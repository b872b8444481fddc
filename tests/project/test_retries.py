"""Which calls of `retry` are of a task, and which task an expression in a body means."""

from __future__ import annotations

from flake8_celery.project.retries import RetryCall, read_by_others
from flake8_celery.project.tasks import Task

from .build import project

TASKS = """
from celery import Task, current_task, shared_task

@shared_task(bind=True)
def bound(self, other):
    self.retry(countdown=3)
    other.retry()

@shared_task
def by_name():
    raise by_name.retry()

@shared_task
def current():
    return current_task.retry()

@shared_task(bind=True)
def nested(self):
    def later():
        self.retry(exc=ValueError())

    later()

@shared_task
def unbound(self):
    self.retry()

def helper():
    by_name.retry(**{})
"""


def test_the_task_that_is_retried() -> None:
    found = project(tasks=TASKS).all(RetryCall)
    assert [(call.span[0], call.retried.shown) for call in found] == [
        (6, "bound"),
        (11, "by_name"),
        (15, "current"),
        (20, "nested"),
        (29, "by_name"),
    ]


def test_what_a_call_gives() -> None:
    bound, by_name, _, nested, helper = project(tasks=TASKS).all(RetryCall)
    given = bound.keyword("countdown")
    assert given is not None and given[0][2] == 3
    assert bound.keyword("exc") is None and nested.keyword("exc") is not None
    assert (bound.within, by_name.within) == ("Expr", "Raise")
    assert helper.open and not bound.open


def test_who_reads_an_option() -> None:
    made = project(
        tasks="""
        from celery import shared_task

        @shared_task(bind=True, max_retries=3, retry_backoff=True)
        def reads(self):
            print(self.max_retries)

        @shared_task(max_retries=3, retry_kwargs={})
        def other(): ...

        class Client:
            def get(self):
                return self.retry_backoff

        def handler(sender):
            return getattr(sender, "retry_kwargs")
        """
    )
    reads, other = made.all(Task)
    assert read_by_others(made, "max_retries", reads)
    assert not read_by_others(made, "max_retries", other)
    assert not read_by_others(made, "retry_backoff", reads)
    assert read_by_others(made, "retry_kwargs", other)
