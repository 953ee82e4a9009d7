"""From a definition and its rows to a fitted segmenter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from threadpoolctl import threadpool_limits

from training.definition import Definition
from training.prepare.door import check_rows
from training.rows import Fitted, TrainingRows
from training.sections import ClusterSection, LabelSection


def fit(
    definition: Definition,
    rows: TrainingRows,
    *,
    before: int | None = None,
    scratch: Path | None = None,
    progress: Callable[[str], None] = lambda stage: None,
) -> Fitted:
    """Train what the definition declares. Deterministic: same rows and definition, same result.

    `before`: how many segments the version found that this one follows; None for bands, classes and a first version.
    `scratch`: a folder for what a killed training is resumed from; None resumes nothing. Raises InputInvalid and
    DefinitionInvalid; for what rows and names alone show, before anything is fitted.
    """
    check_rows(definition, rows.schema, rows)
    section = definition.algorithm
    # Threads of a BLAS add up in the order in which they end: on two cores the same rows gave another version.
    with threadpool_limits(1):
        if isinstance(section, LabelSection):
            from training.labels.fitted import fit_labels

            return fit_labels(definition, section, rows, scratch=scratch, progress=progress)
        assert isinstance(section, ClusterSection)
        from training.clusters.fit import fit_clusters

        return fit_clusters(definition, section, rows, before=before, scratch=scratch, progress=progress)
