"""Names for newly found clusters: those of the old ones that hold the same users."""

from __future__ import annotations

from strata.runtime import Package
from training.clusters.fitted import FittedClusters
from training.definition import Definition
from training.identity.carry import carry, renamings
from training.identity.kinds import noise_position
from training.identity.match import cross, match
from training.rows import Floats


def recognise(
    definition: Definition, fitted: FittedClusters, old: Package, old_rows: Floats, new_rows: Floats
) -> tuple[FittedClusters, list[str]]:
    """The clusters under the names they go by, and a sentence for each that the rule would call otherwise.

    `old_rows` [n, features of the old package] and `new_rows` [n, f], defaults filled in, are the same users.
    """
    before = old.score(old_rows).segment_indexes
    after = fitted.answers(new_rows).segment_indexes
    vocabulary = old.manifest.vocabulary
    counts = cross(before, after, (len(vocabulary), len(fitted.names)))
    found = match(counts, (noise_position(old.manifest.model), noise_position(fitted.export().model)))
    declared = {text.key: text for text in definition.algorithm.segments}
    names = carry(fitted.names, vocabulary, found, declared)
    return fitted.renamed(names), renamings(fitted.names, names)
