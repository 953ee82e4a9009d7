"""From raw rows to named clusters: prepare, try each number, choose, name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from strata.errors import InputInvalid
from training.algorithms import cluster_algorithm
from training.algorithms.port import Clusters
from training.clusters.candidate import Candidate
from training.clusters.choose import LEAST_SHARE, Choice, Rule, choose
from training.clusters.fitted import FittedClusters
from training.clusters.naming import name_centroids
from training.clusters.search import search_counts
from training.definition import Definition
from training.prepare.axis_scales import fit_axis_scales
from training.prepare.fit import fit_preparation
from training.rows import Floats, TrainingRows
from training.scratch import open_scratch
from training.sections import ClusterSection, SegmentText


def fit_clusters(
    definition: Definition, section: ClusterSection, rows: TrainingRows, *, before: int | None = None,
    scratch: Path | None = None, progress: Callable[[str], None] = lambda stage: None,
) -> FittedClusters:  # fmt: skip
    """Deterministic: every number of segments has its own seed, and sums come in one order.

    `before`: how many segments the version has that this one follows; the number stays while the data carry it.
    `scratch`: a folder in which numbers already judged are found again, so that a killed training is resumed. Raises
    InputInvalid where the rows carry none of the numbers asked for.
    """
    values = rows.train.values
    _check_rows(definition, section, values)
    preparation = fit_preparation(definition, rows.schema, values)
    prepared = preparation.training
    algorithm = cluster_algorithm(section)

    def fit(some: Floats, count: int, seed: int) -> Clusters:
        return algorithm.fit(some, section, count=count, seed=seed)

    low, high = section.k_range
    counts = [high] if algorithm.chooses_count else list(range(low, high + 1))
    search = search_counts(
        fit, prepared, counts, bootstraps=section.bootstraps, seed=definition.seed, progress=progress,
        scratch=open_scratch(scratch, definition.model_dump_json(), values),
    )  # fmt: skip
    choice = _choose(definition, section, search.candidates, before)
    asked = search.asked[choice.candidate.k]
    with threadpool_limits(1):
        found = search.found.get(asked) or fit(prepared, asked, definition.seed)
    levels = fit_axis_scales(section, rows.schema.keys, values).levels(values)
    names, order = name_clusters(section, found, levels[preparation.kept])
    return FittedClusters(
        definition, section, rows, preparation, found, asked, search.candidates, choice, names, order, levels,
        (*search.notes, *found.notes),
    )  # fmt: skip


def name_clusters(
    section: ClusterSection, found: Clusters, levels: Floats
) -> tuple[list[SegmentText], NDArray[np.intp]]:
    """The vocabulary, and each cluster's position in it: archetypes in the file's order, then noise.

    Where a cluster lies on each axis is the mean of its users' ranks, whichever way the algorithm read them.
    """
    clusters = [each for each in range(found.count) if each != found.noise]
    positions = np.array([levels[found.labels == each].mean(axis=0) for each in clusters])
    given = name_centroids(positions, list(section.axes), section.archetypes)
    ranked = sorted(range(len(given)), key=lambda i: section.archetypes.index(given[i]))
    names: list[SegmentText] = [given[i] for i in ranked]
    places = [clusters[i] for i in ranked]
    if found.noise is not None:
        assert section.noise_text is not None, f"{section.kind} has noise and no text for it"
        names.append(section.noise_text)
        places.append(found.noise)
    return names, np.argsort(places)


def _check_rows(definition: Definition, section: ClusterSection, values: Floats) -> None:
    high = section.k_range[1]
    if len(values) < 10 * high:
        raise InputInvalid(
            f"{definition.name}: {len(values)} users are too few for {high} segments; import more events"
        )


def _choose(definition: Definition, section: ClusterSection, candidates: list[Candidate], before: int | None) -> Choice:
    if not cluster_algorithm(section).chooses_count:
        return choose(candidates, _rule(definition, section, before))
    (only,), (low, high) = candidates, section.k_range
    if not low <= only.k <= high:
        raise InputInvalid(
            f"{definition.name}: {section.kind} finds {only.k} groups, and k_range asks for {low} to {high}; widen "
            f"it, or change the keys by which {section.kind} decides (docs/segmenters.md)"
        )
    return Choice(only, (f"{only.k} segments: {section.kind} itself decides how many there are.",))


def _rule(definition: Definition, section: ClusterSection, before: int | None) -> Rule:
    def least(metric: str, otherwise: float) -> float:
        gate = definition.gates.get(metric)
        return otherwise if gate is None or gate.at_least is None else gate.at_least

    return Rule(least("stability", 0.0), least("smallest_share", LEAST_SHARE), section.silhouette_tolerance, before)
