"""Four tiny valid packages whose answers can be computed in the head.

`toy_tiers` (k-means over `toy:orders` and `toy:spend`, each clipped to 0..10, missing counts as 0): centroids
(0, 0) `low`, (5, 5) `middle`, (10, 10) `high`. A row (5, 5) is `middle` with margin 1; (2.5, 2.5) is on the
border of `low` and `middle`, margin 0.

`toy_promo` (LightGBM over `toy:coupons`): 0 coupons or missing -> p 0.1 `unlikely`; 1 or 2 -> p 0.5
`possible`; 3 or more -> p 0.9 `likely`. Vocabulary order: likely, possible, unlikely.

`toy_kinds` (LightGBM of three classes over `toy:coupons`): 0 coupons or missing -> `idle` 0.5, `keen` 0.25, `other`
0.25; 1 or more -> `keen` 0.8, `idle` 0.1, `other` 0.1. Vocabulary order: idle, other, keen; the model's order of
classes: keen, idle, other.

`toy_prepared` (centroids over prepared `toy:orders` and `toy:spend`: a tenth of each, missing counts as 0, and 1 where
spend is missing): (0, 0, 0) `low`, (0.5, 0.5, 0) `middle`, (1, 1, 0) `high`. A row (5, 5) is `middle` with margin 1;
(2.5, 2.5) is on the border of `low` and `middle`; no orders and no spend are `low` with margin 0.101.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log
from pathlib import Path

from strata.runtime import DataWindow, FeatureInput, Manifest, SegmentEntry, write_package
from strata.runtime.boosted import MODEL_FILE, boosted_document
from strata.runtime.calibration import Platt
from strata.runtime.classes import classes_document
from strata.runtime.prepare import Fill, Indicator, Preparation, Scale
from strata.runtime.prepared import prepared_document

VIEW_FINGERPRINTS = {"toy": "00112233445566ff"}
TIERS_FEATURES = (FeatureInput("toy", "orders", "int64"), FeatureInput("toy", "spend", "float64"))
PROMO_FEATURES = (FeatureInput("toy", "coupons", "int64"),)


@dataclass(frozen=True)
class ToyView:
    """A view of ToyCatalog."""

    fingerprint: str


@dataclass(frozen=True)
class ToyService:
    """A feature service of ToyCatalog."""

    features: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ToyCatalog:
    """What the registry would say, where it agrees with both packages."""

    views: dict[str, ToyView]
    services: dict[str, ToyService]


def toy_catalog() -> ToyCatalog:
    """A catalog both packages match."""
    return ToyCatalog(
        views={name: ToyView(sha) for name, sha in VIEW_FINGERPRINTS.items()},
        services={
            "toy_tiers": ToyService(tuple((f.view, f.name) for f in TIERS_FEATURES)),
            "toy_promo": ToyService(tuple((f.view, f.name) for f in PROMO_FEATURES)),
        },
    )


def write_toy_tiers(packages: Path, segmenter: str = "toy_tiers", description: str = "A toy: three tiers.") -> Path:
    """Write the k-means package; another description gives another version. Returns its folder."""
    scale = {"missing": 0.0, "knots": [0.0, 10.0], "levels": [0.0, 10.0]}
    model = {"format": "kmeans/1", "scales": [scale, scale], "centroids": [[0.0, 0.0], [5.0, 5.0], [10.0, 10.0]]}
    keys = ("low", "middle", "high")
    manifest = _manifest((segmenter, "toy_tiers", description, "kmeans"), TIERS_FEATURES, keys, "low", model)
    return write_package(packages, manifest, {"evaluation.html": b"<p>toy</p>"})[1]


def write_toy_promo(packages: Path, segmenter: str = "toy_promo", description: str = "A toy: three bands.") -> Path:
    """Write the LightGBM package; another description gives another version. Returns its folder."""
    model = boosted_document(Platt(slope=1.0, offset=0.0), thresholds=[0.3, 0.7], bands=[2, 1, 0])
    keys = ("likely", "possible", "unlikely")
    manifest = _manifest((segmenter, "toy_promo", description, "lightgbm"), PROMO_FEATURES, keys, "unlikely", model)
    return write_package(packages, manifest, {MODEL_FILE: TOY_TREES.encode()})[1]


def write_toy_kinds(packages: Path) -> Path:
    """Write the package of several classes. Returns its folder."""
    keys = ("idle", "other", "keen")
    names = ("toy_kinds", "toy_promo", "A toy: three kinds.", "lightgbm")
    manifest = _manifest(names, PROMO_FEATURES, keys, "idle", classes_document([2, 0, 1]))
    manifest = replace(manifest, score_meaning="posterior")
    return write_package(packages, manifest, {MODEL_FILE: TOY_CLASS_TREES.encode()})[1]


def write_toy_prepared(packages: Path) -> Path:
    """Write the package whose model reads prepared rows. Returns its folder."""
    steps = (Fill(0, 0.0), Fill(1, 0.0), Scale(2, 0.0, 0.1), Scale(3, 0.0, 0.1), Indicator(1))
    model = {"format": "centroids/1", "centroids": [[0.0, 0.0, 0.0], [0.5, 0.5, 0.0], [1.0, 1.0, 0.0]]}
    document = prepared_document(Preparation(2, steps, (4, 5, 6)), model)
    names, keys = ("toy_prepared", "toy_tiers", "A toy: three tiers.", "kmeans"), ("low", "middle", "high")
    manifest = _manifest(names, TIERS_FEATURES, keys, "low", document)
    return write_package(packages, manifest, {})[1]


def _manifest(
    names: tuple[str, str, str, str],
    features: tuple[FeatureInput, ...],
    keys: tuple[str, ...],
    fallback: str,
    model: dict[str, object],
) -> Manifest:
    segmenter, service, description, algorithm = names
    return Manifest(
        segmenter=segmenter,
        version="",
        description=description,
        algorithm=algorithm,
        feature_service=service,
        features=features,
        schema_fingerprint="",
        view_fingerprints=VIEW_FINGERPRINTS,
        vocabulary=tuple(SegmentEntry(key, key.capitalize(), f"The {key} ones.") for key in keys),
        fallback_segment=fallback,
        score_meaning="margin" if algorithm == "kmeans" else "calibrated_probability",
        created_at="2017-12-01T05:00:00Z",
        data_window=DataWindow("2017-01-01T05:00:00Z", "2017-12-01T05:00:00Z", "2017-12-01T05:00:00Z"),
        metrics={"toy": 1.0},
        libraries={"toy": "1"},
        files={},
        model=model,
    )


_TREE = f"""Tree=0
num_leaves=3
num_cat=0
split_feature=0 0
split_gain=2 1
threshold=0.5 2.5
decision_type=10 10
left_child=-1 -2
right_child=1 -3
leaf_value={log(1 / 9)!r} 0 {log(9)!r}
leaf_weight=1 1 1
leaf_count=1 1 1
internal_value=0 0
internal_weight=3 2
internal_count=3 2
is_linear=0
shrinkage=1


"""

TOY_TREES = f"""tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=0
objective=binary sigmoid:1
feature_names=coupons
feature_infos=[0:9]
tree_sizes={len(_TREE)}

{_TREE}end of trees

parameters:
end of parameters
"""


def stump(number: int, below: float, above: float) -> str:
    """Tree `number` of LightGBM's text: two leaves, split at 0.5 of the first feature."""
    return f"""Tree={number}
num_leaves=2
num_cat=0
split_feature=0
split_gain=1
threshold=0.5
decision_type=10
left_child=-1
right_child=-2
leaf_value={below!r} {above!r}
leaf_weight=1 1
leaf_count=1 1
internal_value=0
internal_weight=2
internal_count=2
is_linear=0
shrinkage=1


"""


_STUMPS = [stump(0, log(1), log(8)), stump(1, log(2), log(1)), stump(2, log(1), log(1))]
TOY_CLASS_TREES = f"""tree
version=v4
num_class=3
num_tree_per_iteration=3
label_index=0
max_feature_idx=0
objective=multiclass num_class:3
feature_names=coupons
feature_infos=[0:9]
tree_sizes={" ".join(str(len(stump)) for stump in _STUMPS)}

{"".join(_STUMPS)}end of trees

parameters:
end of parameters
"""
