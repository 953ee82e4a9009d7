"""Open-loop arrivals: callers who do not know how busy the server is."""

from __future__ import annotations

import random
from collections.abc import Iterator


def arrivals(rate: float, length_s: float, seed: int) -> Iterator[float]:
    """Seconds since the start of each arrival of a Poisson process, in order, below `length_s`.

    The process is conditioned on its expected count, `round(rate * length_s)` arrivals (which, given their
    number, are uniform order statistics): a run offers exactly its rate, and the gate cannot fail by chance.

    >>> [round(t, 3) for t in arrivals(2.0, 2.0, seed=1)]
    [0.065, 0.911, 1.56, 1.692]
    """
    count = round(rate * length_s)
    draws = random.Random(seed)
    total = 0.0
    gaps = [draws.expovariate(1.0) for _ in range(count + 1)]
    scale = length_s / sum(gaps)
    for gap in gaps[:-1]:
        total += gap
        yield total * scale
