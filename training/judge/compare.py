"""A challenger against the champion on the same hold-out."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from strata.errors import InputInvalid
from training.algorithms.port import Labels
from training.judge.intervals import Resampling, interval
from training.judge.metrics import LOWER_IS_BETTER, metric
from training.rows import Floats


def compare(
    labels: Labels,
    champion_scores: Floats,
    challenger_scores: Floats,
    metric_name: str,
    groups: NDArray[Any] | None = None,
    *,
    seed: int = 0,
    resamples: int = 200,
) -> dict[str, float]:
    """`value`, `low`, `high` of how much better the challenger is: above 0 is better, for losses (Brier) too.

    Paired: both are judged on the same resampled rows, so what they share cancels and small differences show. Drawn
    within classes, and by `groups` (users) whole where rows of one repeat. Raises InputInvalid for an unknown metric
    or scores that are not of these rows.
    """
    if not len(labels) == len(champion_scores) == len(challenger_scores):
        raise InputInvalid(
            f"champion and challenger should score the same {len(labels)} rows; "
            f"they scored {len(champion_scores)} and {len(challenger_scores)}"
        )
    champion = metric(metric_name, labels, champion_scores)
    challenger = metric(metric_name, labels, challenger_scores)
    sign = -1.0 if metric_name in LOWER_IS_BETTER else 1.0
    how = Resampling(resamples, seed, groups, strata=labels)
    return interval(lambda weights: sign * (challenger(weights) - champion(weights)), len(labels), how).to_json()


def comparison_sentence(metric_name: str, difference: dict[str, float], rows: int) -> str:
    """What the difference says, for people.

    >>> comparison_sentence("roc_auc", {"value": 0.02, "low": 0.01, "high": 0.03}, 900)
    'On the same 900 rows the new version has a better roc_auc by 0.0200 (95 %: 0.0100 to 0.0300).'
    >>> comparison_sentence("roc_auc", {"value": -0.02, "low": -0.05, "high": 0.01}, 900)
    'On the same 900 rows no difference in roc_auc can be told from chance: -0.0200 (95 %: -0.0500 to 0.0100).'
    """
    value, low, high = difference["value"], difference["low"], difference["high"]
    begin = f"On the same {rows:,} rows"
    span = f"(95 %: {low:.4f} to {high:.4f})"
    if low > 0:
        return f"{begin} the new version has a better {metric_name} by {value:.4f} {span}."
    if high < 0:
        return f"{begin} the new version has a worse {metric_name} by {-value:.4f} (95 %: {-high:.4f} to {-low:.4f})."
    return f"{begin} no difference in {metric_name} can be told from chance: {value:.4f} {span}."
