"""Whether what is known by date only was counted before its day was over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from training.judge.leaks.check import Check, named

DATES: Final = "date-only facts count from the end of their day"

# Real instants fall on a midnight once in 86 thousand million microseconds; hourly ones once in 24.
SHARE: Final = 0.5
LEAST_DAYS: Final = 3
"""On fewer days it is a constant (what was known from the beginning), not a calendar."""


@dataclass(frozen=True)
class DatedKind:
    """Where one kind of events or facts lies in its local days."""

    kind: str
    rows: int
    at_midnight: int
    """Happened, or recorded, on the first microsecond of a local day."""
    midnights: int
    """How many different ones."""
    at_day_end: int
    """On the last microsecond."""


def dates_check(kinds: Sequence[DatedKind]) -> Check:
    """A kind that sits on midnights was known by date only, and counts up to a day before anybody knew.

    Strata's rule: such a fact counts from the last microsecond of its local day (`precision: day` in a mapping).
    """
    early = [one for one in kinds if one.midnights >= LEAST_DAYS and one.at_midnight >= SHARE * one.rows]
    if early:
        found = named(f"{one.kind} ({one.at_midnight:,} of {one.rows:,} at local midnight)" for one in early)
        return Check(
            DATES, False,
            f"Known by date only and counted from the beginning of the day, up to a day too early: {found}. "
            "Give the mapping's time `precision: day` and import again.",
        )  # fmt: skip
    by_day = [one for one in kinds if one.at_day_end >= SHARE * one.rows]
    if by_day:
        found = named(f"{one.kind} ({one.at_day_end:,})" for one in by_day)
        return Check(DATES, True, f"Known by date only, and counted from the end of the local day: {found}.")
    return Check(DATES, True, f"None of {len(kinds)} kinds of events and facts is known by date only.")
