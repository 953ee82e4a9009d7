"""Who is in another segment than before, and why: what users did since, or the new model.

Four answers tell the two apart (old model, new model) x (features then, features now). Each user who moved is counted
under one cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.str_]
"""[n] segment key of each user."""


@dataclass(frozen=True)
class Causes:
    """Users in another segment than the old version gave them when it was trained."""

    users: int
    """Known then and now."""
    features: int
    """Their features changed: the old model moves them too, and the new one would not have moved them then."""
    model: int
    """The model changed: the old one would leave them where they were, the new one would have moved them then."""
    both: int
    """It took both, or each alone would have done it."""

    @property
    def moved(self) -> int:
        return self.features + self.model + self.both

    def to_json(self) -> dict[str, Any]:
        return {
            "users": self.users,
            "moved": self.moved,
            "features": self.features,
            "model": self.model,
            "both": self.both,
        }

    def sentence(self, since: str) -> str:
        """For people."""
        if not self.moved:
            return f"None of {self.users:,} users is in another segment than on {since}."
        return (
            f"Of {self.users:,} users known then and now, {self.moved:,} ({self.moved / self.users:.1%}) are in "
            f"another segment than on {since}: {self.features:,} because their features changed, {self.model:,} "
            f"because the model changed, {self.both:,} by both together."
        )


def causes(old_then: Keys, old_now: Keys, new_then: Keys, new_now: Keys) -> Causes:
    """Count each user who moved, `old_then` to `new_now`, under one cause.

    >>> a, b = np.array(["a", "a"]), np.array(["b", "a"])
    >>> causes(a, b, a, b)
    Causes(users=2, features=1, model=0, both=0)
    """
    moved = old_then != new_now
    by_features, by_model = old_then != old_now, old_then != new_then
    features = moved & by_features & ~by_model
    model = moved & by_model & ~by_features
    return Causes(len(moved), int(features.sum()), int(model.sum()), int((moved & (by_features == by_model)).sum()))


def release_sentence(flows: NDArray[np.int64], rows: Sequence[str], columns: Sequence[str], previous: str) -> str:
    """What replacing the old version would do to its users at once, and where most of them go.

    `flows` is [rows, columns], users by old and new segment.
    """
    users = int(flows.sum())
    away = flows.copy()
    for row, key in enumerate(rows):
        if key in columns:
            away[row, columns.index(key)] = 0
    moved = int(away.sum())
    said = (
        f"Replacing {previous} moves {moved:,} of {users:,} users ({moved / max(users, 1):.1%}) to another segment "
        "on the same features"
    )
    if not moved:
        return f"{said}."
    row, column = divmod(int(away.argmax()), away.shape[1])
    return f"{said}; the largest group, {int(away.max()):,}, goes from {rows[row]} to {columns[column]}."
