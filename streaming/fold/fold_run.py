"""One run of events into one table, in one write of the state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strata.features.fold import fold_moved, fold_users, target_of
from strata.features.layout import Layout
from strata.features.merged import forwarded_id
from strata.features.packed import PackedEvent, RecordKind, unpack_event
from streaming.fold.micro_batch import Run
from streaming.fold.rows import Rows, TableRows

Verdicts = NDArray[np.uint8]
Forward = Callable[[Sequence[PackedEvent]], None]
"""Appends records to the log; returns when they are durable."""


@dataclass(frozen=True)
class RunOutcome:
    """`verdicts` per event of the run; `changed` are the users whose rows are new."""

    verdicts: Verdicts
    changed: Sequence[str]


def send_nothing(records: Sequence[PackedEvent]) -> None:
    """A Forward for records that were sent on before."""


def fold_run(layout: Layout, run: Run, rows: TableRows, forward: Forward) -> RunOutcome:
    """Fold the run's events; those of aliased users are forwarded before the write that says they are done."""
    users = list(run.users)
    index = np.array(run.user_index, dtype=np.int64)
    offsets, data = run.offsets, run.data
    verdicts = np.zeros(len(data), dtype=np.uint8)
    changed: list[str] = []

    def change(held: Rows) -> Rows:
        moved = {i: target for i, row in enumerate(held) if row is not None and (target := target_of(row)) is not None}
        changed.clear()
        if not moved:
            folded = fold_users(layout, held, data, index, offsets)
            verdicts[:] = folded.verdicts
            new = folded.rows
        else:
            new = _fold_apart(layout, run, held, moved=moved, verdicts=verdicts, forward=forward)
        result: Rows = []
        for user, before, after in zip(users, held, new, strict=True):
            same = after is None or after is before or after == before
            result.append(None if same else after)
            if not same:
                changed.append(user)
        return result

    rows.transform(layout.table, users, change, run.reached)
    return RunOutcome(verdicts, changed)


def _fold_apart(
    layout: Layout, run: Run, rows: Rows, *, moved: Mapping[int, str], verdicts: Verdicts, forward: Forward
) -> Rows:
    """The same where some users are tombstones: theirs are judged here and folded where they have moved to."""
    index = np.array(run.user_index, dtype=np.int64)
    own = ~np.isin(index, list(moved))
    at = np.flatnonzero(own)
    data, offsets = run.data, run.offsets
    folded = fold_users(layout, rows, [data[i] for i in at], index[at], offsets[at])
    verdicts[at] = folded.verdicts
    new = list(folded.rows)
    forwards: list[PackedEvent] = []
    for user, target in moved.items():
        row = rows[user]
        assert row is not None  # it says where it moved to
        mine = np.flatnonzero(index == user)
        judged = fold_moved(layout, row, [data[i] for i in mine], offsets[mine])
        verdicts[mine] = judged.verdicts
        new[user] = judged.rows[0]
        forwards += [_forwarded(data[i], target) for i in mine if verdicts[i] == 0]
    if forwards:
        forward(forwards)
    return new


def _forwarded(data: bytes, target: str) -> PackedEvent:
    event = unpack_event(data)
    forwarded = event.kind == RecordKind.FORWARD
    identity = event.event_id if forwarded else forwarded_id(event.user_id, event.event_id)
    return PackedEvent(
        target, identity, event.event_type, event.event_time_us, event.recorded_us, event.utc_offset_s,
        event.session_id, event.item_id, event.category, event.value, event.quantity, event.discount,
        RecordKind.FORWARD, event.tail,
    )  # fmt: skip
