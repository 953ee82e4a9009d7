"""The applied watermark: the newest moment of which everything recorded until then is in the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Reached = Callable[[int], int]
"""Partition to the offset after the last record folded."""


class AppliedWatermark:
    """Moves although records never stop: the log's ends of one look are compared with what is folded by a later one.

    Under load something is always waiting, so that "nothing waits now" would hardly ever be seen.
    """

    def __init__(self) -> None:
        self.at_us = 0
        self._mark: tuple[int, Mapping[int, int]] | None = None
        """The ends of an earlier look that were not reached then, and its moment."""

    def look(self, at_us: int, ends: Mapping[int, int], reached: Reached) -> bool:
        """Take note of the log's ends, asked for after `at_us` was read; True when the watermark moved."""
        before_us = self.at_us
        if _all_reached(ends, reached):
            self.at_us, self._mark = at_us, None
        elif self._mark is None:
            self._mark = at_us, ends
        elif _all_reached(self._mark[1], reached):
            self.at_us, self._mark = self._mark[0], (at_us, ends)
        return self.at_us > before_us


def _all_reached(ends: Mapping[int, int], reached: Reached) -> bool:
    return all(end <= reached(partition) for partition, end in ends.items())
