"""Features that do not pay are left out, when that does no harm."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.algorithms.port import Labels
from training.judge.compare import compare
from training.judge.intervals import Interval, Resampling, interval
from training.judge.metrics import metric
from training.judge.permutation import pays
from training.rows import Floats

Refit = Callable[[frozenset[str]], Floats]
"""Features left out -> scores of the validation rows by a model fitted without them."""


@dataclass(frozen=True)
class Pruning:
    """What was left out, and what the validation rows say of it."""

    kept: tuple[str, ...]
    left_out: tuple[str, ...]
    before: Interval
    after: Interval
    difference: dict[str, float]
    """After minus before on the same rows; above 0 is better."""
    statement: str

    def to_json(self) -> dict[str, Any]:
        """`details["pruning"]`."""
        return {
            "kept": list(self.kept),
            "left_out": list(self.left_out),
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "difference": self.difference,
            "statement": self.statement,
        }


def prune(
    refit: Refit,
    labels: Labels,
    permutation: Sequence[Mapping[str, Any]],
    how: Resampling,
    *,
    metric_name: str = "roc_auc",
) -> Pruning:
    """Leave out the features whose importance cannot be told from 0; keep that only when validation is not worse.

    `labels` are the validation rows', `permutation` is `permutation_importance` on them, so the test rows stay
    untouched. Features that say the same hide each other, and leaving out both may cost what neither seemed to: then
    the idler half is tried, and its half, until the figure is no lower than before, or nothing is left out. At most
    2 + log2(features) fits.
    """
    features = [one["feature"] for one in permutation]
    idle = [one["feature"] for one in reversed(permutation) if not pays(one)][: len(features) - 1]
    whole = refit(frozenset())
    pruned, difference = whole, dict.fromkeys(("value", "low", "high"), 0.0)
    while idle:
        pruned = refit(frozenset(idle))
        difference = compare(labels, whole, pruned, metric_name, how.groups, seed=how.seed, resamples=how.resamples)
        if difference["value"] >= 0:
            break
        idle = idle[: len(idle) // 2]
        pruned, difference = whole, dict.fromkeys(difference, 0.0)
    before, after = (_judge(labels, scores, how, metric_name) for scores in (whole, pruned))
    kept = tuple(feature for feature in features if feature not in idle)
    doubtful = sum(not pays(one) for one in permutation)
    found = _Outcome(len(features), doubtful, len(idle))
    return Pruning(kept, tuple(idle), before, after, difference, found.sentence(metric_name, before, after))


@dataclass(frozen=True)
class _Outcome:
    """Counts of features."""

    features: int
    doubtful: int
    left_out: int

    def sentence(self, name: str, before: Interval, after: Interval) -> str:
        if not self.doubtful:
            return f"Each of the {self.features} features pays; none is left out."
        doubt = f"{self.doubtful} of {self.features} features do not show that they pay"
        if not self.left_out:
            return f"{doubt}, but without them {name} on the validation rows is lower: all are kept."
        return (
            f"{doubt}; without {self.left_out} of them {name} on the validation rows goes "
            f"from {before.value:.3f} to {after.value:.3f}."
        )


def _judge(labels: Labels, scores: Floats, how: Resampling, metric_name: str) -> Interval:
    within = Resampling(how.resamples, how.seed, how.groups, strata=labels)
    return interval(metric(metric_name, labels, scores), len(labels), within)
