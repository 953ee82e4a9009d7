"""A manifest for any trees: features `toy:f0` and on, segments `s0` and on, of which the first is the fallback."""

from __future__ import annotations

from typing import Any

from strata.runtime import DataWindow, FeatureInput, Manifest, SegmentEntry
from strata.runtime.manifest import ScoreMeaning

INSTANT = "2017-12-01T05:00:00Z"


def tree_manifest(
    features: int,
    segments: int,
    model: dict[str, Any],
    score_meaning: ScoreMeaning = "posterior",
    defaults: dict[int, float] | None = None,
) -> Manifest:
    """Not sealed yet; `defaults` by the feature's number."""
    given = defaults or {}
    return Manifest(
        segmenter="toy",
        version="",
        description="Toy trees.",
        algorithm="lightgbm",
        feature_service="toy",
        features=tuple(FeatureInput("toy", f"f{one}", "float64", given.get(one)) for one in range(features)),
        schema_fingerprint="",
        view_fingerprints={"toy": "00112233445566ff"},
        vocabulary=tuple(SegmentEntry(f"s{one}", f"S{one}", "A toy.") for one in range(segments)),
        fallback_segment="s0",
        score_meaning=score_meaning,
        created_at=INSTANT,
        data_window=DataWindow("2017-01-01T05:00:00Z", INSTANT, INSTANT),
        metrics={},
        libraries={},
        files={},
        model=model,
    )
