"""Clusters of prepared rows, to a package that answers alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mixed_rows import DAYS, ORDERS, SPEND, TIER, cluster_definition, mixed_rows, mixed_schema

from strata.runtime import DataWindow, Manifest
from strata.runtime.manifest import seal
from strata.runtime.package import assemble
from training.fitting import fit
from training.rows import Part, TrainingRows

RFM = {"kind": "rfm_scores", "recency": DAYS, "frequency": ORDERS, "monetary": SPEND}


@pytest.mark.parametrize(
    "prepare",
    [
        {},
        {"leave_out": [TIER]},
        {"scale": "zscore", "weights": {DAYS: 2.0}, "missing": "model", "categories": "hashed", "buckets": 4},
        {"scale": "minmax", "missing": "exclude", "duplicates": "drop", "ranges": {DAYS: [0, 60]}},
        {"leave_out": [DAYS, ORDERS, SPEND, TIER], "derive": [RFM]},
    ],
)
def test_a_package_of_clusters_prepares_raw_rows(prepare: dict[str, Any]) -> None:
    """Equal segments and margins, in training and from the document, for values never seen, too."""
    schema, rows = mixed_schema(), mixed_rows(300)
    fitted = fit(cluster_definition(**prepare), TrainingRows(schema, Part(rows.values, rows.labels)))
    export = fitted.export()
    package = assemble(
        seal(
            Manifest(
                "toy", "", "", "kmeans", "mixed", schema.features, "", dict(schema.view_fingerprints),
                export.vocabulary, export.vocabulary[-1].key, export.score_meaning, "", DataWindow("", "", ""), {}, {},
                {}, export.model,
            )
        ),
        export.files,
    )  # fmt: skip
    strange = np.array([[np.nan] * 4, [1e9, 0.0, -1.0, 9.0], [0.0, 1e9, np.inf, 3.0]])
    asked = np.vstack([mixed_rows(100, seed=5).values, strange])
    ours, theirs = package.score(asked), fitted.answers(asked)
    np.testing.assert_array_equal(ours.segment_indexes, theirs.segment_indexes)
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-6)
    assert fitted.evaluate().details["preparation"]["columns"]
