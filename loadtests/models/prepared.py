"""Models that read prepared rows, on a package's real feature vectors. What a row costs does not depend on what the
numbers of a model mean: places are rows of the reference, weights are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from loadtests.models.scoring import Score, require_one_as_many, scored_by_package
from strata.runtime import Manifest, Package, SegmentEntry
from strata.runtime.calibration import Platt
from strata.runtime.model import Floats
from strata.runtime.package import assemble
from strata.runtime.prepare import Fill, Preparation, Scale
from strata.runtime.prepared import PreparedModel, prepared_document

SEGMENTS: Final = 8
POINTS: Final = 500


@dataclass(frozen=True)
class PreparedSubject:
    """One format behind a fill and a scale for each feature."""

    name: str
    package: Package
    values: Floats

    def engines(self, rows: int) -> dict[str, Score]:
        return {"ours": scored_by_package(self.package, rows)}

    def to_json(self) -> dict[str, Any]:
        model = self.package.model
        assert isinstance(model, PreparedModel)
        steps, columns = len(model.preparation.steps), len(model.preparation.select)
        return {"name": self.name, "features": self.values.shape[1], "steps": steps, "columns": columns}


def prepared_subjects(
    values: Floats, beside: Manifest, seed: int, tell: Callable[[str], None]
) -> list[PreparedSubject]:
    """Each format that reads prepared rows, over the inputs of another package and rows [n, f] of it.

    Raises StrataError where a lone row is answered otherwise than among others.
    """
    tell("making models of prepared rows")
    preparation = _preparation(values)
    models = _models(preparation.apply(values), np.random.default_rng(seed))
    found = [PreparedSubject(name, _packaged(preparation, model, beside), values) for name, model in models.items()]
    for one in found:
        require_one_as_many(one.name, one.package, values)
    return found


def _preparation(values: Floats) -> Preparation:
    """Medians where missing, then z-scores."""
    features = values.shape[1]
    present = np.where(np.isnan(values).all(axis=0), 0.0, values)
    medians, means, spreads = (each(present, axis=0) for each in (np.nanmedian, np.nanmean, np.nanstd))
    fills = [Fill(one, float(medians[one])) for one in range(features)]
    scales = [
        Scale(features + one, float(means[one]), 1 / float(spreads[one]) if spreads[one] > 0 else 0.0)
        for one in range(features)
    ]
    return Preparation(features, (*fills, *scales), tuple(range(2 * features, 3 * features)))


def _models(prepared: Floats, chance: np.random.Generator) -> dict[str, dict[str, Any]]:
    width = prepared.shape[1]
    places = prepared[chance.choice(len(prepared), SEGMENTS)].tolist()
    points = prepared[chance.choice(len(prepared), POINTS)].tolist()
    weights, ones = chance.normal(size=(SEGMENTS, width)).tolist(), [1.0] * SEGMENTS
    mixture = {"format": "mixture/1", "means": places, "weights": ones}
    factors = np.broadcast_to(np.triu(np.full((width, width), 0.1)) + np.eye(width), (SEGMENTS, width, width))
    labels = {"classes": list(range(SEGMENTS))}
    bands = {"thresholds": np.linspace(0, 1, SEGMENTS + 1)[1:-1].tolist(), "bands": list(range(SEGMENTS))}
    return {
        "centroids/1": {"format": "centroids/1", "centroids": places},
        "mixture/1, full": {**mixture, "covariance": "full", "precisions_cholesky": factors.tolist()},
        "mixture/1, diag": {**mixture, "covariance": "diag", "precisions_cholesky": np.ones_like(weights).tolist()},
        f"neighbours/1, {POINTS} points": {
            "format": "neighbours/1", "points": points, "segments": [one % (SEGMENTS - 1) for one in range(POINTS)],
            "scales": [1.0] * POINTS, "reach": 5.0, "noise": SEGMENTS - 1,
        },
        "linear/1": {
            "format": "linear/1", "weights": weights[0], "intercept": 0.0, "calibration": Platt(1.0, 0.0).to_json(),
            **bands,
        },
        "linear-classes/1": {"format": "linear-classes/1", "weights": weights, "intercepts": ones, **labels},
    }  # fmt: skip


def _packaged(preparation: Preparation, model: dict[str, Any], beside: Manifest) -> Package:
    manifest = replace(
        beside,
        segmenter="prepared",
        vocabulary=tuple(SegmentEntry(f"segment_{one}", f"Segment {one}", "Drawn.") for one in range(SEGMENTS)),
        fallback_segment="segment_0",
        model=prepared_document(preparation, model),
    )
    return assemble(manifest, {})
