"""Three answers to the same question, compared bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feature_repo.offline.frame import Asked
from strata.clock import format_instant

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Sides:
    """float64 [pairs, features] each; NaN is missing."""

    online: Values
    offline: Values
    oracle: Values


@dataclass(frozen=True)
class Difference:
    """One value that is not the same three times; None is missing."""

    user: str
    t_us: int
    t: str
    online: float | None
    offline: float | None
    oracle: float | None


@dataclass(frozen=True)
class Parity:
    """The outcome of one comparison. The counts are of values; docs/features.md explains the keys."""

    pairs: int
    seed: int
    features: int
    values: int
    missing: int
    """Values the oracle calls missing."""
    online_offline: int
    offline_oracle: int
    online_oracle: int
    by_feature: dict[str, int]
    """Feature -> values on which any two sides differ; features that agree are left out."""
    first: dict[str, Difference]
    """Feature -> its first differing pair."""
    seconds: dict[str, float]

    @property
    def differences(self) -> int:
        """Values on which any two sides differ."""
        return sum(self.by_feature.values())

    def to_json(self) -> dict[str, Any]:
        """Every field, and `differences`."""
        return {**asdict(self), "differences": self.differences}


def compare(names: Sequence[str], asked: Asked, sides: Sides, seed: int, seconds: dict[str, float]) -> Parity:
    """Missing equals missing; everything else has to be the same double."""
    online_offline = _differ(sides.online, sides.offline)
    offline_oracle = _differ(sides.offline, sides.oracle)
    online_oracle = _differ(sides.online, sides.oracle)
    wrong = online_offline | offline_oracle | online_oracle
    columns = np.flatnonzero(wrong.any(axis=0)).tolist()
    return Parity(
        pairs=len(asked),
        seed=seed,
        features=len(names),
        values=wrong.size,
        missing=int(np.isnan(sides.oracle).sum()),
        online_offline=int(online_offline.sum()),
        offline_oracle=int(offline_oracle.sum()),
        online_oracle=int(online_oracle.sum()),
        by_feature={names[column]: int(wrong[:, column].sum()) for column in columns},
        first={names[column]: _first(asked, sides, wrong[:, column], column) for column in columns},
        seconds={stage: round(spent, 3) for stage, spent in seconds.items()},
    )


def _differ(left: Values, right: Values) -> NDArray[np.bool_]:
    differs: NDArray[np.bool_] = (left != right) & ~(np.isnan(left) & np.isnan(right))
    return differs


def _first(asked: Asked, sides: Sides, wrong: NDArray[np.bool_], column: int) -> Difference:
    row = int(np.flatnonzero(wrong)[0])
    t_us = int(asked.t_us[row])
    online, offline, oracle = (
        None if np.isnan(side[row, column]) else float(side[row, column])
        for side in (sides.online, sides.offline, sides.oracle)
    )
    return Difference(str(asked.users[row]), t_us, format_instant(t_us), online, offline, oracle)
