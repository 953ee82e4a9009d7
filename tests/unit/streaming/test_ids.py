"""Event ids, occurrences, and the index of ids known."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from streaming.door.event_ids import EventIds
from streaming.door.occurrences import Occurrences
from streaming.mapping.model import IdColumns, IdHash
from streaming.store.id_index import IdIndex

BATCHES = st.lists(st.lists(st.integers(0, 12), max_size=12), max_size=14)


@given(BATCHES)
def test_occurrences_count_earlier_equals(batches: list[list[int]]) -> None:
    """Each row's number is how often its key came before, over all batches."""
    seen: Counter[int] = Counter()
    counting = Occurrences()
    for batch in batches:
        expected = []
        for key in batch:
            expected.append(seen[key])
            seen[key] += 1
        assert counting.number(np.array(batch, dtype=np.uint64)).tolist() == expected


@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8), max_size=14))
def test_index_is_a_set(batches: list[list[tuple[int, int]]]) -> None:
    """A digest is new once, whether it comes again in the same batch or later, and however its halves collide."""
    seen: set[tuple[int, int]] = set()
    index = IdIndex()
    for batch in batches:
        expected = []
        for digest in batch:
            expected.append(digest not in seen)
            seen.add(digest)
        assert index.add_new(np.array(batch, dtype=np.uint64).reshape(-1, 2)).tolist() == expected
    assert len(index) == len(seen)


def test_joined_ids_cannot_be_mistaken() -> None:
    """Values that hold the separator never join to the id of other values; a missing part is a missing id."""
    ids = EventIds(IdColumns(columns=("a", "b")), "shop")
    made = ids.make({"a": pa.array(["x|y", "x", "x\\", None]), "b": pa.array(["z", "y|z", "|z", "z"])}).to_pylist()
    assert len(set(made)) == 4
    assert made[3] is None
    assert ids.make({"a": pa.array([1]), "b": pa.array([2])}).to_pylist() == ["shop|1|2"]


def test_hashed_ids() -> None:
    """Equal lines of a file differ by their number alone, and another file gives the same ids."""
    rule = IdHash(hash=("a", "b"))
    columns = {"a": pa.array(["x", "x", None]), "b": pa.array([1.5, 1.5, 1.5])}
    first, second, other = EventIds(rule, "shop").make(columns).to_pylist()
    assert first.endswith("|0")
    assert second == first[:-1] + "1"
    assert other[:20] != first[:20]
    assert EventIds(rule, "shop").make(columns).to_pylist() == [first, second, other]
