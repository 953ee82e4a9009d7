"""How long a worker is busy with one kind of call, as far as a refusal may rest on it."""

from __future__ import annotations

from typing import Final

GAIN: Final = 1 / 16
"""Of a new measurement; twice what RFC 6298 takes for round trips, whose measurements are rarer."""
DEVIATIONS: Final = 2.0
"""Above the mean: most answers are quicker than that. RFC 6298 takes 4, where a wrong guess costs a packet; here a
call begun in vain costs one answer, and a call refused in vain another."""
DOUBT: Final = 0.95
"""A refusal is no measurement. Each takes a twentieth off, so that one long pause cannot shut the door for good: an
estimate ten times too high is right again after 45 refusals."""


class Pace:
    """An exponentially weighted mean and mean deviation.

    >>> pace = Pace()
    >>> pace.expected_s
    0.0
    >>> for _ in range(100): pace.took(0.002)
    >>> round(pace.expected_s, 4)
    0.002
    """

    __slots__ = ("_deviation_s", "_mean_s", "expected_s")

    def __init__(self) -> None:
        self._mean_s = self._deviation_s = 0.0
        self.expected_s = 0.0
        """Nothing is known before the first measurement, and nothing refused."""

    def took(self, seconds: float) -> None:
        """Take in a measurement."""
        if not self._mean_s:
            self._mean_s = seconds
        error = seconds - self._mean_s
        self._mean_s += GAIN * error
        self._deviation_s += GAIN * (abs(error) - self._deviation_s)
        self.expected_s = self._mean_s + DEVIATIONS * self._deviation_s

    def doubt(self) -> None:
        """A call was refused on this estimate alone."""
        self._mean_s *= DOUBT
        self._deviation_s *= DOUBT
        self.expected_s *= DOUBT
