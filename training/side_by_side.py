"""Jobs on both cores, each on one thread of its libraries, so that every one's result is the same as alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from threading import Thread
from typing import Final, TypeVar

from threadpoolctl import threadpool_limits

T = TypeVar("T")
WORKERS: Final = 2
"""Each holds what its job works on: more of them are more copies of the rows."""
_Ended = SimpleQueue[tuple[int, "T | BaseException"]]


def both_cores(
    jobs: Sequence[Callable[[], T]], progress: Callable[[int, int], None] = lambda done, of: None
) -> list[T]:
    """The jobs' results in the jobs' order; `progress` is told how many are done, of how many."""
    found: dict[int, T] = {}
    for position, result in side_by_side(jobs, WORKERS):
        found[position] = result
        progress(len(found), len(jobs))
    return [found[position] for position in range(len(jobs))]


def side_by_side(jobs: Sequence[Callable[[], T]], workers: int) -> Iterator[tuple[int, T]]:
    """(position, result) as they end. One worker: in order, in this thread. A job's error is raised here.

    Libraries' own threads would be faster still, and would add up partial sums in the order in which they end: then
    the same seed gives another model. Workers are daemons: an interrupt does not wait for the fit in hand.
    """
    with threadpool_limits(1):
        if workers < 2 or len(jobs) < 2:
            yield from ((position, job()) for position, job in enumerate(jobs))
        else:
            yield from _threaded(jobs, workers)


def _threaded(jobs: Sequence[Callable[[], T]], workers: int) -> Iterator[tuple[int, T]]:
    todo = deque(enumerate(jobs))
    ended: _Ended[T] = SimpleQueue()
    for _ in range(min(workers, len(jobs))):
        Thread(target=_work, args=(todo, ended), daemon=True).start()
    try:
        for _ in jobs:
            position, result = ended.get()
            if isinstance(result, BaseException):
                raise result
            yield position, result
    finally:
        # Whoever stopped listening wants no more jobs begun.
        todo.clear()


def _work(todo: deque[tuple[int, Callable[[], T]]], ended: _Ended[T]) -> None:
    # OpenMP's limit is each thread's own; that of BLAS is the process's, and is set.
    with threadpool_limits(1, user_api="openmp"):
        while todo:
            try:
                position, job = todo.popleft()
            except IndexError:
                return
            try:
                ended.put((position, job()))
            except BaseException as error:
                todo.clear()
                ended.put((position, error))
