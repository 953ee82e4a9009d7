"""Which ids the history holds already, as 128-bit digests: 16 bytes an id, in sorted runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MAX_RUNS = 8
Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]


class IdIndex:
    """A growing set of digests. A million ids take 16 MB; 60 million, 1 GB."""

    def __init__(self) -> None:
        self._runs: list[Words] = []

    def __len__(self) -> int:
        return sum(len(run) for run in self._runs)

    def add_new(self, digests: Words) -> Flags:
        """Add digests [n, 2]; flags those that were new (of equal ones in one call, the first)."""
        if not len(digests):
            return np.zeros(0, dtype=bool)
        order = np.lexsort((digests[:, 1], digests[:, 0]))  # stable: equal digests keep their order
        ordered = digests[order]
        new = np.ones(len(ordered), dtype=bool)
        new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
        for run in self._runs:
            new &= ~_among(run, ordered)
        self._remember(ordered[new])
        flags = np.empty(len(digests), dtype=bool)
        flags[order] = new
        return flags

    def _remember(self, run: Words) -> None:
        if len(run):
            self._runs.append(run)
        if len(self._runs) > MAX_RUNS:
            merged = np.concatenate(self._runs)
            self._runs = [merged[np.argsort(merged[:, 0], kind="stable")]]


def _among(run: Words, wanted: Words) -> Flags:
    """Which wanted digests a run holds. Its first words are sorted; those alike are looked through one by one."""
    high = np.ascontiguousarray(run[:, 0])
    start = np.searchsorted(high, wanted[:, 0], side="left")
    end = np.searchsorted(high, wanted[:, 0], side="right")
    found = np.zeros(len(wanted), dtype=bool)
    at = start
    while (open_ := (at < end) & ~found).any():
        found[open_] = run[at[open_], 1] == wanted[open_, 1]
        at = at + 1
    return found
