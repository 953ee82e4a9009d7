"""From a definition and its rows to a fitted segmenter."""

from __future__ import annotations

from training.definition import Definition
from training.rows import Fitted, TrainingRows
from training.sections import ClusterSection, LabelSection


def fit(definition: Definition, rows: TrainingRows) -> Fitted:
    """Train what the definition declares. Deterministic: same rows and definition, same result."""
    section = definition.algorithm
    if isinstance(section, LabelSection):
        from training.labels.fitted import fit_labels

        return fit_labels(definition, section, rows)
    assert isinstance(section, ClusterSection)
    from training.clusters.fitted import fit_clusters

    return fit_clusters(definition, section, rows)
