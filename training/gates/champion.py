"""The challenger against the champion, the version that answers now, on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sklearn.metrics import silhouette_samples

from strata.runtime import Package
from training.clusters.fitted import FittedClusters
from training.definition import Definition
from training.gates.declared import Outcome
from training.gather import Gathered, with_defaults
from training.identity.beside import Beside
from training.identity.solution import keys_of
from training.judge.compare import compare, comparison_sentence
from training.judge.intervals import Resampling, interval
from training.rows import Fitted, Floats, Part

METRIC: Final = "champion_difference"
# A silhouette compares every pair: a seeded sample of this many says the same.
SILHOUETTE_ROWS: Final = 2_000


@dataclass(frozen=True)
class Contest:
    """How much better the challenger is, and whether it may pass without a declared gate."""

    version: str
    metric: str
    difference: dict[str, float]
    """`value`, `low`, `high` (95 %); above 0 the challenger is better."""
    statement: str
    margin: float = 0.0
    """So much worse is not worse."""

    @property
    def worse(self) -> bool:
        """Beyond chance, and beyond the margin."""
        return self.difference["high"] < -self.margin

    def outcome(self) -> Outcome:
        """As the gate that holds where none is declared."""
        asked = f"not worse beyond chance than {self.version}"
        asked += f" by more than {self.margin:g}" if self.margin else ""
        return Outcome(METRIC, asked, self.difference["low"], not self.worse, "reject", self.statement.rstrip("."))

    def to_json(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "metric": self.metric,
            "difference": self.difference,
            "margin": self.margin,
            "statement": self.statement,
        }


def hold_contest(
    before: Beside, definition: Definition, fitted: Fitted, challenger: Package, gathered: Gathered
) -> Contest | None:
    """Judge both; None where there is no champion, or a comparison on these rows would say nothing."""
    if before.package is None:
        return None
    if isinstance(fitted, FittedClusters):
        return _by_silhouette(before, definition, fitted, challenger, gathered)
    test = gathered.rows.test
    # A champion trained later than the challenger has seen the labels it would be judged by.
    if test is None or before.as_of_us > gathered.known.at_us:
        return None
    meanings = {before.package.manifest.score_meaning, challenger.manifest.score_meaning}
    if meanings == {"calibrated_probability"}:
        return _by_ranking(before, challenger, test, definition.seed)
    if meanings == {"posterior"}:
        return _by_accuracy(before, challenger, test, definition.seed)
    return None


def _by_ranking(before: Beside, challenger: Package, test: Part, seed: int) -> Contest:
    """ROC AUC on the hold-out."""
    assert before.package is not None
    old = before.package.score(before.read(test.values)).scores.astype(np.float64)
    new = challenger.score(test.values).scores.astype(np.float64)
    difference = compare(test.labels, old, new, "roc_auc", test.users, seed=seed)
    said = comparison_sentence("roc_auc", difference, len(test.labels))
    return Contest(before.package.manifest.version, "roc_auc", difference, said)


def _by_accuracy(before: Beside, challenger: Package, test: Part, seed: int) -> Contest:
    """Share of the hold-out in the class that came true: a label is its position in the challenger's vocabulary."""
    assert before.package is not None
    old_keys, new_keys = np.array(keys_of(before.package.manifest)), np.array(keys_of(challenger.manifest))
    true = new_keys[test.labels]
    old = old_keys[before.package.score(before.read(test.values)).segment_indexes] == true
    new = new_keys[challenger.score(test.values).segment_indexes] == true
    return _contest(before.package, "accuracy", new.astype(np.float64) - old, Resampling(seed=seed, groups=test.users))


def _by_silhouette(
    before: Beside, definition: Definition, fitted: FittedClusters, challenger: Package, gathered: Gathered
) -> Contest | None:
    """Of today's users, as the challenger prepares them: its own space, which favours it a little.

    What its definition gives up of the silhouette for more segments is no loss. None where either puts all users into
    one segment.
    """
    assert before.package is not None
    seed = definition.seed
    chosen = np.sort(np.random.default_rng(seed).permutation(len(gathered.reference))[:SILHOUETTE_ROWS])
    rows = gathered.reference[chosen]
    space = fitted.preparation.apply(with_defaults(gathered.rows.schema, rows))
    old = before.package.score(before.read(rows)).segment_indexes
    new = challenger.score(rows).segment_indexes
    if min(len(np.unique(old)), len(np.unique(new))) < 2:
        return None
    better = silhouette_samples(space, new) - silhouette_samples(space, old)
    margin = fitted.section.silhouette_tolerance
    return _contest(before.package, "silhouette", better, Resampling(seed=seed), margin)


def _contest(champion: Package, metric: str, better: Floats, how: Resampling, margin: float = 0.0) -> Contest:
    """`better` [n]: by how much the challenger is, row by row."""

    def mean(weights: Floats) -> Floats:
        # einsum and not a matrix product: its sum comes in one order on any number of threads.
        found: Floats = np.einsum("ij,j->i", weights, better) / weights.sum(axis=1)
        return found

    difference = interval(mean, len(better), how).to_json()
    said = comparison_sentence(metric, difference, len(better))
    return Contest(champion.manifest.version, metric, difference, said, margin)
