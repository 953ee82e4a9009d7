"""Which new segment is which old one: maximum-weight assignment on the users both solutions hold.

The weight is the Jaccard index of their users (Jaccard 1912; for clusters Hennig 2007): a large segment cannot win by
its size alone. What is not one to one is named as in MONIC (Spiliopoulou et al. 2006): split, merged, new, vanished.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from strata.runtime.manifest import LineageKind

Counts = NDArray[np.int64]

KEPT: Final = 1 / 3
"""The least Jaccard index of a segment that is the same: two of equal size that share half their users have it."""
MOST: Final = 0.5
"""A segment came from another when more than this share of it did, and went into it likewise."""
PART: Final = 0.1
"""Less of a segment than this is no part of it: users who crossed a border, not a split."""


@dataclass(frozen=True)
class Origin:
    """What one segment is. `new` is its position in the new solution; None for an old one that vanished."""

    kind: LineageKind
    new: int | None
    origins: tuple[int, ...]
    """Positions in the old solution, the largest overlap first."""
    overlap: float
    """Jaccard index with the first origin; 0 without one. Of a vanished one: the largest it has with any new one."""
    carried: int | None = None
    """The old segment whose key it has; None for one that needs a key of its own."""


def cross(old: NDArray[np.int32], new: NDArray[np.int32], shape: tuple[int, int]) -> Counts:
    """[old segments, new segments] users of each pair; `old` and `new` are positions, [n] each."""
    counts = np.bincount(old.astype(np.int64) * shape[1] + new, minlength=shape[0] * shape[1])
    return counts.reshape(shape).astype(np.int64)


def match(counts: Counts, noise: tuple[int | None, int | None] = (None, None)) -> list[Origin]:
    """What each new segment is, in the new order, then the old ones that vanished.

    `noise`: positions of the old and new segments of users who belong nowhere. They are nobody's origin: one is the
    other where both are there.

    >>> [(each.kind, each.origins) for each in match(np.array([[90, 0], [10, 50]]))]
    [('kept', (0,)), ('kept', (1,))]
    """
    return _Table.of(counts, noise).found()


@dataclass(frozen=True)
class _Table:
    """Counts without noise, the overlaps they make, and the assignment."""

    counts: Counts
    noise: tuple[int | None, int | None]
    jaccard: NDArray[np.float64]
    gone: NDArray[np.float64]
    """[o, n]: share of the old segment's users that are in the new one."""
    come: NDArray[np.float64]
    """[o, n]: share of the new segment's users that are from the old one."""
    assigned: dict[int, int]
    """New -> old, where the two are the same segment."""

    @classmethod
    def of(cls, counts: Counts, noise: tuple[int | None, int | None]) -> _Table:
        belonging = counts.astype(np.float64)
        if noise[0] is not None:
            belonging[noise[0], :] = 0.0
        if noise[1] is not None:
            belonging[:, noise[1]] = 0.0
        # Shares are of whole segments, users from and to noise among them.
        old, new = counts.sum(axis=1, keepdims=True), counts.sum(axis=0, keepdims=True)
        jaccard = belonging / np.maximum(old + new - belonging, 1)
        rows, columns = linear_sum_assignment(jaccard, maximize=True)
        pairs = zip(rows.tolist(), columns.tolist(), strict=True)
        assigned = {new_one: old_one for old_one, new_one in pairs if jaccard[old_one, new_one] >= KEPT}
        return cls(counts, noise, jaccard, belonging / np.maximum(old, 1), belonging / np.maximum(new, 1), assigned)

    def found(self) -> list[Origin]:
        segments = [self._new(position) for position in range(self.counts.shape[1])]
        going_on = {each.carried for each in segments}  # None among them, which is nobody's position
        lost = [position for position in range(self.counts.shape[0]) if position not in going_on]
        return segments + [self._vanished(position) for position in lost]

    def _new(self, position: int) -> Origin:
        if position == self.noise[1]:
            return self._noise(position)
        carried = self.assigned.get(position)
        taken_in = self._taken_in(position)
        if len(taken_in) > 1:
            return self._origin("merged", position, taken_in, carried)
        if carried is not None:
            return self._origin("kept", position, [carried], carried)
        if (whole := self._split_from(position)) is not None:
            return self._origin("split", position, [whole], None)
        return Origin("new", position, (), 0.0)

    def _taken_in(self, position: int) -> list[int]:
        """Old segments most of whose users are in this one now, each a part of it."""
        inside = (self.gone[:, position] > MOST) & (self.come[:, position] >= PART)
        return np.flatnonzero(inside).tolist()

    def _split_from(self, position: int) -> int | None:
        """The old segment most of this one comes from, where it is a part of that."""
        largest = int(self.come[:, position].argmax())
        broken_off = self.come[largest, position] > MOST and self.gone[largest, position] >= PART
        return largest if broken_off else None

    def _noise(self, position: int) -> Origin:
        before = self.noise[0]
        if before is None:
            return Origin("new", position, (), 0.0)
        shared = int(self.counts[before, position])
        union = int(self.counts[before].sum() + self.counts[:, position].sum()) - shared
        return Origin("kept", position, (before,), shared / max(union, 1), before)

    def _origin(self, kind: LineageKind, position: int, origins: Sequence[int], carried: int | None) -> Origin:
        ranked = sorted(origins, key=lambda old: (-self.jaccard[old, position], old))
        return Origin(kind, position, tuple(ranked), float(self.jaccard[ranked[0], position]), carried)

    def _vanished(self, old: int) -> Origin:
        largest = float(self.jaccard[old].max(initial=0.0))
        return Origin("vanished", None, (), largest, old)
