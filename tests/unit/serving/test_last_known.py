"""The memory of live assignments."""

from __future__ import annotations

import numpy as np
from live_answers import live
from toy_segmenter import toy_profile

from serving.domain.assignments import PastAnswers
from serving.domain.last_known import LastKnown

A, B, C = (toy_profile(name).key for name in "abc")


def _remember(memory: LastKnown, *users: str, index: int = 1, at_us: int = 7) -> None:
    indexes = np.full(len(users), index, dtype=np.int32)
    memory.remember(list(users), A, indexes, np.full(len(users), 0.5, dtype=np.float32), at_us)


def test_what_was_remembered_is_recalled_and_nothing_else() -> None:
    """By user and segmenter; another segmenter of the same user is not known."""
    memory = LastKnown([A, B], 10)
    _remember(memory, "ann", "bob", index=2)
    found = memory.recall(["bob", "cat"], A)
    assert found.found.tolist() == [True, False]
    assert (found.segment_indexes[0], found.scores[0], found.live_at_us[0]) == (2, 0.5, 7)
    assert memory.recall(["ann"], B).found.tolist() == [False]


def test_a_live_answer_is_recalled_by_each_of_its_segmenters() -> None:
    memory = LastKnown([A, B, C], 10)
    memory.remember_live(live("bob", "c"))
    memory.remember_live(live("ann", "c", "a"))
    for key in (A, C):
        found = memory.recall(["ann"], key)
        assert (found.segment_indexes[0], found.scores[0], found.live_at_us[0]) == (1, 0.5, 7)
    assert memory.recall(["ann"], B).found.tolist() == [False]


def test_nothing_is_recalled_from_an_empty_memory() -> None:
    assert LastKnown([A], 10).recall(["ann"], A).found.tolist() == [False]


def test_the_user_unseen_for_the_longest_is_forgotten_first() -> None:
    """And the slot's old numbers do not become the new user's."""
    memory = LastKnown([A, B], 2)
    _remember(memory, "ann")
    memory.remember_live(live("ann", "b"))
    _remember(memory, "bob")
    _remember(memory, "ann")
    _remember(memory, "cat")
    assert memory.recall(["ann", "bob", "cat"], A).found.tolist() == [True, False, True]
    assert memory.recall(["cat"], B).found.tolist() == [False]
    assert len(memory) == 2


def test_of_a_user_named_twice_the_last_answer_counts() -> None:
    memory = LastKnown([A], 10)
    memory.remember(["ann", "ann"], A, np.array([0, 2], dtype=np.int32), np.array([0.1, 0.2], dtype=np.float32), 7)
    assert memory.recall(["ann"], A).segment_indexes.tolist() == [2]


def test_a_batch_larger_than_the_memory_is_no_fault() -> None:
    memory = LastKnown([A], 2)
    _remember(memory, "ann", "bob", "cat")
    assert len(memory) == 2


def test_a_memory_of_nobody_remembers_nothing() -> None:
    memory = LastKnown([A], 0)
    memory.remember_live(live("ann", "a"))
    _remember(memory, "ann")
    assert memory.recall(["ann"], A).found.tolist() == [False]


def _past(*rows: tuple[str, int, int]) -> PastAnswers:
    """User, segment, when it was live."""
    users, indexes, times = zip(*rows, strict=True)
    return PastAnswers(list(users), list(indexes), [0.25] * len(rows), list(times))


def _recalled(memory: LastKnown, key: str, *users: str) -> list[tuple[int, float, int] | None]:
    found = memory.recall(list(users), key)
    rows = zip(found.segment_indexes.tolist(), found.scores.tolist(), found.live_at_us.tolist(), strict=True)
    return [row if known else None for known, row in zip(found.found, rows, strict=True)]


def test_what_is_restored_is_recalled_with_the_moment_it_was_live() -> None:
    """By its version alone; one that is not served is no news."""
    memory = LastKnown([A, B], 10)
    assert memory.restore(A, _past(("ann", 2, 5), ("bob", 0, 4))) == 2
    assert _recalled(memory, A, "ann", "bob", "cat") == [(2, 0.25, 5), (0, 0.25, 4), None]
    assert _recalled(memory, B, "ann") == [None]
    assert memory.restore(C, _past(("ann", 1, 5))) == 0
    assert memory.restore(B, _past(("ann", 1, 3))) == 1
    assert (_recalled(memory, A, "ann"), _recalled(memory, B, "ann")) == ([(2, 0.25, 5)], [(1, 0.25, 3)])


def test_the_newest_of_what_is_restored_counts_in_whatever_order_it_comes() -> None:
    memory = LastKnown([A], 10)
    memory.restore(A, _past(("ann", 0, 5), ("ann", 1, 3)))
    assert memory.restore(A, _past(("ann", 1, 5), ("ann", 1, 4))) == 0
    assert memory.restore(A, _past(("ann", 2, 6))) == 1
    assert _recalled(memory, A, "ann") == [(2, 0.25, 6)]


def test_what_was_answered_meanwhile_is_not_restored_over() -> None:
    """One user live by one version: the other version's past is news all the same."""
    memory = LastKnown([A, B], 10)
    memory.remember_live(live("ann", "a", as_of_us=7))
    assert memory.restore(A, _past(("ann", 2, 6))) == 0
    assert memory.restore(B, _past(("ann", 2, 6))) == 1
    assert (_recalled(memory, A, "ann"), _recalled(memory, B, "ann")) == ([(1, 0.5, 7)], [(2, 0.25, 6)])


def test_nobody_is_forgotten_for_what_is_restored() -> None:
    """Those who were answered are all there still, and the newest of the past are where there was room."""
    memory = LastKnown([A], 3)
    _remember(memory, "ann", at_us=9)
    assert not memory.full
    assert memory.restore(A, _past(("bob", 2, 8), ("cat", 2, 7), ("dan", 2, 6), ("cat", 0, 5))) == 2
    assert memory.full
    assert _recalled(memory, A, "ann", "bob", "cat", "dan") == [(1, 0.5, 9), (2, 0.25, 8), (2, 0.25, 7), None]


def test_of_what_was_restored_the_oldest_is_forgotten_first() -> None:
    """Before anybody who was answered here; the slot's old numbers do not become the new user's."""
    memory = LastKnown([A, B], 3)
    memory.restore(A, _past(("bob", 2, 8)))
    _remember(memory, "ann", at_us=9)
    memory.restore(A, _past(("cat", 2, 7)))
    memory.restore(B, _past(("cat", 2, 7)))
    assert memory.lately(9) == ["ann", "bob", "cat"]
    memory.remember_live(live("dan", "a"))
    assert (_recalled(memory, A, "ann", "bob", "cat")) == [(1, 0.5, 9), (2, 0.25, 8), None]
    assert _recalled(memory, B, "dan") == [None]
    memory.remember_live(live("eve", "a"))
    assert memory.lately(9) == ["eve", "dan", "ann"]


def test_the_columns_of_one_answer_stay_together_while_others_are_restored() -> None:
    """The second column of an answer finds the slots of the first one."""
    memory, users = LastKnown([A, B], 10), ["ann", "bob"]
    indexes, scores = np.array([1, 2], dtype=np.int32), np.full(2, 0.5, dtype=np.float32)
    memory.remember(users, A, indexes, scores, 7)
    memory.restore(A, _past(("cat", 0, 3)))
    memory.remember(users, B, indexes, scores, 7)
    assert _recalled(memory, B, "ann", "bob", "cat") == [(1, 0.5, 7), (2, 0.5, 7), None]


def test_a_memory_of_nobody_has_nothing_restored() -> None:
    assert LastKnown([A], 0).restore(A, _past(("ann", 1, 5))) == 0
