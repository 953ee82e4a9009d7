"""The memory of live assignments."""

from __future__ import annotations

import numpy as np
from live_answers import live
from toy_segmenter import toy_profile

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
