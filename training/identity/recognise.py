"""Names for newly found clusters: those of the old ones that hold the same users."""

from __future__ import annotations

from dataclasses import dataclass

from strata.runtime import Package
from training.clusters.fitted import FittedClusters
from training.definition import Definition
from training.identity.carry import carry, renamings
from training.identity.kinds import noise_position
from training.identity.match import cross, match
from training.rows import Fitted, Floats


@dataclass(frozen=True)
class Recognised:
    """A fitted segmenter under the names its users know it by."""

    fitted: Fitted
    notes: tuple[str, ...] = ()
    """A sentence for each segment that the rule would call otherwise."""
    successor: str | None = None
    """Where most of the users of the old version's fallback segment are; None without an old version of clusters."""


def recognise(
    definition: Definition, fitted: FittedClusters, old: Package, old_rows: Floats, new_rows: Floats
) -> Recognised:
    """`old_rows` [n, features of the old package] and `new_rows` [n, f], defaults filled in, are the same users."""
    before = old.score(old_rows).segment_indexes
    after = fitted.answers(new_rows).segment_indexes
    vocabulary = old.manifest.vocabulary
    counts = cross(before, after, (len(vocabulary), len(fitted.names)))
    found = match(counts, (noise_position(old.manifest.model), fitted.noise))
    declared = {text.key: text for text in definition.algorithm.segments}
    names = carry(fitted.names, vocabulary, found, declared)
    successor = names[int(counts[old.manifest.fallback_index].argmax())].key
    return Recognised(fitted.renamed(names), tuple(renamings(fitted.names, names)), successor)
