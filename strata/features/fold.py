"""One user's events into one row, in any order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from strata.features.build import NO_POSITION
from strata.features.codec import decode, encode
from strata.features.collect import Sifted, collect, sift
from strata.features.events import EventBatch
from strata.features.plan import Plan
from strata.features.tiles import Tiles, merge, trim


@dataclass(frozen=True)
class FoldOutcome:
    """The new row (None when there was none and nothing was accepted), and what became of the events."""

    row: bytes | None
    accepted: int
    duplicate: int
    late: int


def fold(plan: Plan, row: bytes | None, events: EventBatch, log_position: int = NO_POSITION) -> FoldOutcome:
    """Fold one user's events into a row.

    Late events (recorded more than H after they happened) are refused, repeated ids dropped: within the batch,
    and against the row while the event is within H of the row's watermark. A row of another definition of the view
    counts as none. Raises RowDamaged, TotalTooLarge, and ValueError for events of several users.
    """
    if len(events) and (events.users.codes != events.users.codes[0]).any():
        raise ValueError("fold takes one user's events; split the batch with by_user()")
    state = None if row is None else decode(plan, row)
    sifted = sift(plan, events)
    fresh = sifted if state is None else _unseen(state, sifted)
    outcome = (len(fresh.events), fresh.duplicate, fresh.late)
    added = next((tiles for _, tiles in collect(plan, fresh.events, log_position)), None)
    if added is None:
        return FoldOutcome(row if state is not None else None, *outcome)
    merged = added if state is None else merge(plan, state, added)
    return FoldOutcome(encode(plan, trim(plan, merged)), *outcome)


def _unseen(state: Tiles, sifted: Sifted) -> Sifted:
    known = np.isin(sifted.events.event_id.compact().hashed(), state.seen_hash)
    repeated = int(np.count_nonzero(known))
    if not repeated:
        return sifted
    return Sifted(sifted.events.take(np.flatnonzero(~known)), sifted.duplicate + repeated, sifted.late)
