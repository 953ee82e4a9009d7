"""Local time, vectorised: offsets are looked up once for each quarter of an hour that occurs.

No zone changes its offset elsewhere than on a quarter hour, in any year since 1972.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from strata.errors import DefinitionInvalid

SLOT_US = 15 * 60 * 1_000_000
_EPOCH = datetime(1970, 1, 1)


def check_zone(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises DefinitionInvalid for anything else."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DefinitionInvalid(f"{name!r} is no time zone; write an IANA name, such as Europe/London or UTC") from None


class LocalTime:
    """One zone's offsets, remembered as they are asked for."""

    def __init__(self, name: str) -> None:
        self._zone = check_zone(name)
        self._at: dict[int, int] = {}
        self._of_wall: dict[int, int] = {}

    def offsets_s(self, instants_us: NDArray[np.int64]) -> NDArray[np.int32]:
        """Seconds to add to UTC at each instant."""
        return _by_slot(instants_us, self._at, self._offset_at)

    def to_utc(self, wall_us: NDArray[np.int64]) -> NDArray[np.int64]:
        """Instants of wall times. An hour that occurs twice is its first; one that is skipped lies after the gap."""
        offsets = _by_slot(wall_us, self._of_wall, self._offset_of_wall)
        return wall_us - offsets.astype(np.int64) * 1_000_000

    def _offset_at(self, slot: int) -> int:
        moment = datetime.fromtimestamp(slot * SLOT_US // 1_000_000, UTC).astimezone(self._zone)
        return _seconds(moment.utcoffset())

    def _offset_of_wall(self, slot: int) -> int:
        wall = _EPOCH + timedelta(microseconds=slot * SLOT_US)
        return _seconds(wall.replace(tzinfo=self._zone, fold=0).utcoffset())


def _by_slot(times_us: NDArray[np.int64], known: dict[int, int], look_up: Callable[[int], int]) -> NDArray[np.int32]:
    slots, inverse = np.unique(times_us // SLOT_US, return_inverse=True)
    for slot in slots.tolist():
        if slot not in known:
            known[slot] = look_up(slot)
    return np.array([known[slot] for slot in slots.tolist()], dtype=np.int32)[inverse]


def _seconds(offset: timedelta | None) -> int:
    return 0 if offset is None else int(offset.total_seconds())
