"""The kernel's two implementations, each to be forced; and rows of several users folded by it, for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import pytest
from event_factories import NAMES

from strata.features import kernel, native_library
from strata.features.fold import fold_users
from strata.features.fold_state import Verdict
from strata.features.layout import Layout, compile_layout
from strata.features.packed import PackedEvent, RecordKind, pack_event
from strata.features.plan import Plan
from strata.features.reader import Reader, compile_reader

IMPLEMENTATIONS: Final = ("pure", "native")
TABLE: Final = "events@10"
Event = Mapping[str, Any]


@contextmanager
def forced(implementation: str) -> Iterator[None]:
    """The kernel is this one inside; skips where the C kernel was not built."""
    found = None
    if implementation == "native":
        found = native_library.load()
        if found is None:
            pytest.skip(
                "THE C KERNEL IS NOT BUILT, so nothing was said about it; build it: python scripts/build_kernel.py"
            )
    before, kernel.native = kernel.native, lambda: found  # type: ignore[assignment]
    try:
        yield
    finally:
        kernel.native = before


def layout_of(*plans: Plan, table: str = TABLE) -> Layout:
    """The layout of the plans' table."""
    return compile_layout(table, [plan.spec for plan in plans])


def reader_of(layout: Layout, *plans: Plan) -> Reader:
    """A reader of every feature of the plans, all on one table."""
    return compile_reader(plans, {layout.table: layout}, {plan.spec.name: layout.table for plan in plans})


def record_of(event: Event, kind: RecordKind = RecordKind.EVENT) -> bytes:
    """The event as the log holds it."""
    return pack_event(PackedEvent(*(event[name] for name in NAMES), kind))  # type: ignore[arg-type]


class Folding:
    """Rows of any users, folded from events in the order they are given, in any batches."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.rows: dict[str, bytes] = {}
        self.verdicts: list[str] = []

    def fold(self, events: Sequence[Event], *, offset: int | None = None) -> list[str]:
        """Fold one batch, the first at this offset of the log (None: no log); the verdicts' names."""
        users = list(dict.fromkeys(event["user_id"] for event in events))
        offsets = np.full(len(events), -1) if offset is None else np.arange(offset, offset + len(events))
        folded = fold_users(
            self.layout,
            [self.rows.get(user) for user in users],
            [record_of(event) for event in events],
            [users.index(event["user_id"]) for event in events],
            offsets,
        )
        self.rows |= {user: row for user, row in zip(users, folded.rows, strict=True) if row is not None}
        told = [Verdict(verdict).name for verdict in folded.verdicts.tolist()]
        self.verdicts += told
        return told


def row_of(layout: Layout, events: Sequence[Event]) -> bytes | None:
    """The row of the first event's user, folded at once without a log."""
    folding = Folding(layout)
    folding.fold(events)
    return folding.rows.get(events[0]["user_id"]) if events else None
