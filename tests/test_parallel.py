"""Work shared between processes comes back in order, whatever happens to the others."""

from __future__ import annotations

import os

import pytest

from flake8_celery.parallel import in_processes

HERE = os.getpid()


def double(number: int) -> list[int]:
    return [number, number * 2]


def double_only_here(number: int) -> list[int]:
    if os.getpid() != HERE:
        os._exit(3)
    return double(number)


def raise_elsewhere(number: int) -> list[int]:
    if os.getpid() != HERE:
        raise RuntimeError("a child in trouble")
    return double(number)


def size(number: int) -> int:
    return number


@pytest.mark.parametrize("processes", [1, 2, 3, 8])
@pytest.mark.parametrize("do", [double, double_only_here, raise_elsewhere])
def test_answers_are_in_order(do: object, processes: int) -> None:
    work = [5, 1, 9, 9, 0, 7]
    assert in_processes(work, size, do, processes) == [double(n) for n in work]  # type: ignore[arg-type]


def test_more_than_a_pipe_holds() -> None:
    answers = in_processes([1, 2], size, lambda number: "x" * 1_000_000 * number, 2)
    assert [len(answer) for answer in answers] == [1_000_000, 2_000_000]


def test_more_work_than_pieces() -> None:
    work = list(range(5000))
    assert in_processes(work, size, double, 2) == [double(n) for n in work]


def test_without_fork_all_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    assert in_processes([1, 2, 3], size, double, 2) == [double(n) for n in (1, 2, 3)]
