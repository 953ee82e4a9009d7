"""Users who became others: their rows are tombstones, and they are answered as who they are now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from strata.features.fold import target_of
from strata.features.user_row import MOVED

MAX_HOPS: Final = 16
Stored = list[list[bytes | None]]


def has_moved(rows: Sequence[bytes | None]) -> bool:
    """Whether one user's rows say that the user became another."""
    return any(row is not None and row.startswith(MOVED) for row in rows)


def moved(stored: Stored, users: Sequence[str]) -> dict[int, str]:
    """Positions of users with a tombstone, and whom it names."""
    found = {}
    for rows in stored:
        for position, row in enumerate(rows):
            if row is not None and row.startswith(MOVED):
                target = target_of(row)
                if target is not None:
                    found[position] = target
    return found
