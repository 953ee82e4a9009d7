"""Records of the log into users' rows, in batches: the kernel's write side.

The work is done by the C kernel where it was built, by `fold_state` otherwise; both give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strata.features import kernel
from strata.features.events import EventBatch
from strata.features.fold_state import Verdict, fold_event, judge
from strata.features.layout import Layout
from strata.features.packed import pack_event, unpack_event
from strata.features.row_reader import decode, target_of
from strata.features.row_writer import encode, encode_moved
from strata.features.user_row import Header, RowDamaged, header_of
from strata.features.user_state import NO_POSITION, UserState

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Folded:
    """The new rows (None where there was none and nothing was accepted), and a Verdict per record."""

    rows: list[bytes | None]
    verdicts: npt.NDArray[np.uint8]


def fold_users(
    layout: Layout,
    rows: Sequence[bytes | None],
    records: Sequence[bytes],
    user_index: npt.ArrayLike,
    offsets: npt.ArrayLike,
) -> Folded:
    """Fold packed EVENT and FORWARD records, in log order, each into the row `user_index` names.

    An offset of -1 stands for no log: such a record is never a replay. A row of another layout counts as none.
    Raises RowDamaged, RecordDamaged; then nothing was folded.
    """
    index, at = np.asarray(user_index, dtype=np.int64), np.asarray(offsets, dtype=np.int64)
    native = kernel.native()
    folded = None if native is None else native.fold_users(layout, rows, records, index, at)
    if folded is not None:
        return Folded(*folded)
    states: dict[int, UserState] = {}
    verdicts = np.zeros(len(records), dtype=np.uint8)
    known: set[int] = set()
    for n, record in enumerate(records):
        user = int(index[n])
        if user not in states:
            state = None if (row := rows[user]) is None else decode(layout, row)
            if state is not None:
                known.add(user)
            states[user] = state or UserState.empty(layout)
        verdicts[n] = fold_event(layout, states[user], unpack_event(record), int(at[n]))
        if verdicts[n] == Verdict.ACCEPTED:
            known.add(user)
    result = list(rows)
    for user, state in states.items():
        if user in known:
            state.trim(layout)
            result[user] = encode(layout, state)
        else:
            result[user] = None
    return Folded(result, verdicts)


def fold_batch(
    layout: Layout,
    rows: Sequence[bytes | None],
    events: EventBatch,
    user_index: npt.ArrayLike,
    offsets: npt.ArrayLike | None = None,
) -> Folded:
    """`fold_users` of events in columns, in the batch's order; without offsets no log is behind them."""
    at = np.full(len(events), NO_POSITION, dtype=np.int64) if offsets is None else offsets
    return fold_users(layout, rows, [pack_event(event) for event in events.packed()], user_index, at)


def fold_moved(layout: Layout, row: bytes, records: Sequence[bytes], offsets: npt.ArrayLike) -> Folded:
    """Judge records of a user who became another: the tombstone remembers ids, quota and position, and no tiles."""
    state, target = decode(layout, row), target_of(row)
    if state is None or target is None:
        raise RowDamaged(layout.table, "it is not a tombstone of this layout")
    at = np.asarray(offsets, dtype=np.int64).tolist()
    verdicts = [judge(layout, state, unpack_event(record), at[n]) for n, record in enumerate(records)]
    state.forget(layout)
    return Folded([encode_moved(layout, state, target)], np.array(verdicts, dtype=np.uint8))


def merge_rows(layout: Layout, into: bytes | None, other: bytes, *, log_position: int) -> bytes:
    """The row with the tiles, ids and newest values of another user's in it. Seen ids and quota stay `into`'s.

    A row of another layout counts as none. Raises RowDamaged.
    """
    state = (None if into is None else decode(layout, into)) or UserState.empty(layout)
    found = decode(layout, other)
    if found is not None:
        state.merge(layout, found)
    state.log_position = max(state.log_position, log_position)
    state.trim(layout)
    return encode(layout, state)


def moved_row(layout: Layout, row: bytes | None, target: str, log_position: int) -> bytes:
    """The tombstone of a user who is `target` from now on. Raises RowDamaged."""
    state = (None if row is None else decode(layout, row)) or UserState.empty(layout)
    state.log_position = max(state.log_position, log_position)
    return encode_moved(layout, state, target)


__all__ = [
    "Folded", "Header", "Verdict", "fold_batch", "fold_moved", "fold_users", "header_of", "merge_rows", "moved_row",
    "target_of",
]  # fmt: skip
