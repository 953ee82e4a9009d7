"""What taking the likeliest rows first is worth: lift, cumulative gains, precision and recall at top shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from training.algorithms.port import Labels
from training.judge.intervals import Resampling, bootstrap, percentile_interval
from training.judge.metrics import Ranked
from training.rows import Floats

SHARES: Final = (0.01, 0.02, *(round(0.05 * step, 2) for step in range(1, 21)))
"""Fine at the top, where campaigns are cut."""


def lift_table(
    labels: Labels, scores: Floats, how: Resampling | None = None, shares: Sequence[float] = SHARES
) -> list[dict[str, Any]]:
    """`details["lift"]`: a row per share of rows taken, likeliest first; both classes must occur.

    `gain`: share of all positives among them (recall). `precision`: share of them that is positive, with its
    interval. `lift`: precision over everybody's. Rows with equal scores are taken as if in a random order: what that
    gives on average, not what the order of a file gives.

    >>> labels, scores = np.array([1, 0, 1, 0], dtype=np.int8), np.array([0.9, 0.5, 0.5, 0.1])
    >>> found = lift_table(labels, scores, shares=[0.25, 0.5, 1.0])
    >>> [(one["gain"], one["lift"], one["precision"]["value"]) for one in found]
    [(0.5, 2.0, 1.0), (0.75, 1.5, 0.75), (1.0, 1.0, 0.5)]
    """
    ranked, cuts = Ranked.of(labels, scores), np.asarray(shares, dtype=np.float64)
    gains = bootstrap(lambda weights: _gains(*ranked.steps(weights), cuts), len(labels), how or Resampling())
    base_rate = float(labels.mean())
    return [_row(share, gains[:, place], len(labels), base_rate) for place, share in enumerate(shares)]


def _row(share: float, gains: Floats, rows: int, base_rate: float) -> dict[str, Any]:
    """`gains` [b, 2]: share of positives, then precision."""
    precision = percentile_interval(gains[:, 1])
    return {
        "share": float(share),
        "rows": round(share * rows),
        "gain": float(gains[0, 0]),
        "lift": precision.value / base_rate,
        "precision": precision.to_json(),
    }


def _gains(positives: Floats, negatives: Floats, shares: Floats) -> Floats:
    """[b, shares, 2]: gain and precision."""
    start = np.zeros((len(positives), 1))
    taken = np.hstack([start, (positives + negatives).cumsum(axis=1)])
    hits = np.hstack([start, positives.cumsum(axis=1)])
    wanted = shares * taken[:, -1:]
    found = np.array([np.interp(*each) for each in zip(wanted, taken, hits, strict=True)])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([found / hits[:, -1:], found / wanted], axis=2)
