"""A worker's memory filled from the log: how much of it is read, and what else goes on meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence

import pytest
from live_answers import live
from toy_segmenter import toy_profile

from serving import recollecting as recollecting_module
from serving.domain.assignments import PastAnswers
from serving.domain.last_known import LastKnown
from serving.domain.recollection import MOST_FILES, SPENT_S, STEP_ROWS, recollect
from serving.ports import LoggedFile
from serving.recollecting import recollecting

A, B = (toy_profile(name).key for name in "ab")


class History:
    """A PredictionHistory of files as they are given: a version, and users."""

    def __init__(self, *files: tuple[str, Sequence[str]]) -> None:
        self.given, self.asked, self.opened = files, 0, []
        self.now_s = 0.0
        self.wait = threading.Event()
        self.wait.set()
        self.fault: Exception | None = None
        self.threads: set[int] = set()

    def files(self, most: int) -> list[LoggedFile]:
        self.asked = most
        return [LoggedFile(key, str(number)) for number, (key, _) in enumerate(self.given)]

    def read(self, file: LoggedFile) -> Iterator[PastAnswers]:
        self.opened.append(int(file.name))
        users = list(self.given[int(file.name)][1])
        self.wait.wait(30)
        self.threads.add(threading.get_ident())
        if self.fault is not None:
            raise self.fault
        self.now_s += 0.9
        count = len(users)
        yield PastAnswers(users, [2] * count, [0.25] * count, [5] * count)


async def test_the_log_is_read_to_its_end_by_another_thread() -> None:
    memory, history = LastKnown([A, B], 10), History((A, ["ann", "bob"]), (B, ["ann"]), (A, []))
    done = await recollect(memory, history, lambda: 0.0)
    assert (done.files, done.assignments, len(memory)) == (3, 3, 2)
    assert history.asked == MOST_FILES
    assert threading.get_ident() not in history.threads


async def test_reading_ends_when_the_memory_is_full_and_no_version_has_more_of_its_users() -> None:
    """B's file about the same users comes after A's that filled the memory; after one without news, B has told all."""
    history = History(
        (A, ["ann", "bob"]), (A, ["cat"]), (B, ["bob"]), (A, ["dan"]), (B, ["ann"]), (B, ["ann"]), (B, [])
    )
    memory = LastKnown([A, B], 2)
    done = await recollect(memory, history, lambda: 0.0)
    assert history.opened == [0, 1, 2, 4, 5]
    assert (done.files, done.assignments) == (5, 4)
    assert memory.recall(["ann", "bob"], B).found.tolist() == [True, True]


async def test_no_file_is_begun_when_time_is_up() -> None:
    """Each takes 0.9 s here."""
    history = History(*[(A, [f"user {number}"]) for number in range(9)])
    await recollect(LastKnown([A], 100), history, lambda: history.now_s)
    assert history.opened == [0, 1, 2]
    assert 2 * 0.9 < SPENT_S <= 3 * 0.9


async def test_calls_come_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """After every so many rows, however many a file has at once; what they are answered stays."""
    users = [f"user {number}" for number in range(3 * STEP_ROWS)]
    memory = LastKnown([A], 10 * STEP_ROWS)
    whole, order = memory.restore, []

    def restore(key: str, past: PastAnswers) -> int:
        order.append(len(past.users))
        asyncio.get_running_loop().call_soon(answer)
        return whole(key, past)

    def answer() -> None:
        order.append(1)
        memory.remember_live(live(users[-1], "a", as_of_us=7))

    monkeypatch.setattr(memory, "restore", restore)
    await recollect(memory, History((A, users)))
    assert order == [STEP_ROWS, 1] * 3
    found = memory.recall([users[0], users[-1]], A)
    assert found.live_at_us.tolist() == [5, 7]


async def test_a_start_waits_for_the_log_and_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that hangs holds nothing up; what it gives in the end is remembered all the same."""
    monkeypatch.setattr(recollecting_module, "HELD_S", 0.01)
    memory, history = LastKnown([A], 10), History((A, ["ann"]))
    history.wait.clear()
    async with recollecting(memory, history):
        assert len(memory) == 0
        history.wait.set()
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})
        assert len(memory) == 1
    monkeypatch.setattr(recollecting_module, "HELD_S", 30.0)
    quick = LastKnown([A], 10)
    async with recollecting(quick, History((A, ["ann"]))):
        assert len(quick) == 1


async def test_a_worker_that_ends_reads_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recollecting_module, "HELD_S", 0.01)
    history = History((A, ["ann"]), (A, ["bob"]))
    history.wait.clear()
    async with recollecting(LastKnown([A], 10), history):
        assert history.opened == [0]
    assert asyncio.all_tasks() == {asyncio.current_task()}
    history.wait.set()


async def test_a_defect_keeps_no_worker_from_serving(caplog: pytest.LogCaptureFixture) -> None:
    history = History((A, ["ann"]))
    history.fault = ZeroDivisionError()
    async with recollecting(LastKnown([A], 10), history):
        pass
    assert [record.getMessage() for record in caplog.records] == ["last known answers not read again"]


async def test_the_log_says_what_came_of_it_where_there_was_anything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with recollecting(LastKnown([A], 10), History()):
        pass
    assert caplog.records == []
    async with recollecting(LastKnown([A], 10), History((A, ["ann", "bob"]))):
        pass
    [record] = caplog.records
    fields = record.__dict__["fields"]
    assert (fields["users"], fields["assignments"], fields["files"]) == (2, 2, 1)
    assert fields["seconds"] >= 0
