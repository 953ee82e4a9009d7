"""Jobs on two threads: every result, once, and the same as one after the other."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_info

from training.side_by_side import both_cores, side_by_side


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_is_done_once(workers: int) -> None:
    """Whatever the number of workers."""
    found = dict(side_by_side([lambda i=i: i * i for i in range(7)], workers))  # type: ignore[misc]
    assert found == {i: i * i for i in range(7)}


def test_results_come_in_the_order_of_the_jobs() -> None:
    """Whichever ends first: the first waits for the second. Progress counts what is done."""
    second = threading.Event()
    told: list[tuple[int, int]] = []

    def first() -> int:
        assert second.wait(20)
        return 1

    def then() -> int:
        second.set()
        return 2

    assert both_cores([first, then], lambda done, of: told.append((done, of))) == [1, 2]
    assert told == [(1, 2), (2, 2)]


def test_two_jobs_run_at_once() -> None:
    """Each waits for the other: one after the other they would wait for ever."""
    met = threading.Barrier(2, timeout=20)
    assert sorted(position for position, _ in side_by_side([met.wait, met.wait], 2)) == [0, 1]


@pytest.mark.parametrize("workers", [1, 2])
def test_libraries_have_one_thread_in_a_job(workers: int) -> None:
    """So that sums come in one order."""
    KMeans(2, n_init=1).fit(np.array([[0.0], [1.0], [2.0]]))

    def threads() -> int:
        return max(int(pool["num_threads"]) for pool in threadpool_info())

    assert {found for _, found in side_by_side([threads, threads], workers)} == {1}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_job_that_fails_ends_the_work(workers: int) -> None:
    """Its error is the caller's; jobs not begun are not begun."""
    begun = []

    def bad() -> int:
        raise ValueError("no")

    jobs = [bad, bad, *(lambda: begun.append(1) or 1 for _ in range(200))]
    with pytest.raises(ValueError, match="no"):
        list(side_by_side(jobs, workers))
    assert len(begun) < 200
