"""Rows in bulk: every user's state from a batch of history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from strata.features.codec import encode
from strata.features.collect import collect, sift
from strata.features.events import EventBatch
from strata.features.plan import Plan
from strata.features.tiles import trim

NO_POSITION: Final = -1
"""The log position of a row no log was applied to."""


def build_rows(plan: Plan, events: EventBatch, log_position: int = NO_POSITION) -> Iterator[tuple[str, bytes]]:
    """(user, row) in byte order of user, from events in any order; the bytes that folding them would give.

    All of a user's events must be in the batch. Late and repeated events are left out. Raises TotalTooLarge.
    """
    for user, state in collect(plan, sift(plan, events).events, log_position):
        yield user, encode(plan, trim(plan, state))
