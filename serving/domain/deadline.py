"""How the time a caller gives is split."""

from __future__ import annotations

import time
from typing import Final, NamedTuple

# What is kept back for the ladder, the reply and the way home: a tenth of what is left, within these bounds.
RESERVE_SHARE: Final = 0.1
LEAST_RESERVE_S: Final = 0.003
MOST_RESERVE_S: Final = 0.050


class Deadline(NamedTuple):
    """An instant on the machine's monotonic clock by which the caller wants its answer."""

    expires_s: float

    @staticmethod
    def after(seconds: float) -> Deadline:
        """The deadline that many seconds from now."""
        return Deadline(time.monotonic() + seconds)

    def left_s(self) -> float:
        """What is left; negative when it has passed."""
        return self.expires_s - time.monotonic()

    def for_store_s(self) -> float:
        """What a store across the network may take: half of what a segmenter could, so that one can still be asked."""
        return 0.5 * self.for_segmenter_s()

    def for_segmenter_s(self) -> float:
        """What a segmenter may take, so that a lower rung of the ladder still reaches the caller in time."""
        left = self.left_s()
        return left - min(MOST_RESERVE_S, max(LEAST_RESERVE_S, RESERVE_SHARE * left))
