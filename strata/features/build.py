"""Rows in bulk: every user's state from a batch of history."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from strata.features import kernel
from strata.features.events import EventBatch
from strata.features.fold import fold_users
from strata.features.layout import Layout
from strata.features.packed import pack_event
from strata.features.user_row import HEADER
from strata.features.user_state import NO_POSITION

PositionOf = Callable[[str], int]


def build_rows(
    layout: Layout, events: EventBatch, position_of: PositionOf | int = NO_POSITION
) -> Iterator[tuple[str, bytes]]:
    """(user, row) in byte order of user; the bytes that folding them in (recorded, id) order would give.

    All of a user's events must be in the batch. `position_of` is the log position the rows are to have. Late, repeated,
    too large and over-quota events are left out, as in the fold. A user of whom nothing is left has no row.
    """
    native = kernel.native()
    rows = None if native is None else native.build_rows(layout, events)
    for user, row in _plain_rows(layout, events) if rows is None else rows:
        position = position_of if isinstance(position_of, int) else position_of(user)
        yield user, row if position == NO_POSITION else at_position(row, position)


def _plain_rows(layout: Layout, events: EventBatch) -> Iterator[tuple[str, bytes]]:
    for user, part in events.by_user():
        order = sorted(range(len(part)), key=lambda i, part=part: _place(part, i))  # type: ignore[misc]
        records = [pack_event(event) for event in part.take(np.array(order, dtype=np.intp)).packed()]
        nothing = np.full(len(records), NO_POSITION, dtype=np.int64)
        row = fold_users(layout, [None], records, np.zeros(len(records)), nothing).rows[0]
        if row is not None:
            yield user, row


def at_position(row: bytes, log_position: int) -> bytes:
    """The same row at another log position."""
    header = list(HEADER.unpack_from(row))
    header[5] = log_position
    return HEADER.pack(*header) + row[HEADER.size :]


def _place(part: EventBatch, i: int) -> tuple[int, bytes]:
    return int(part.recorded_us[i]), part.event_id.words[part.event_id.codes[i]].encode()
