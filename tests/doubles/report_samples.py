"""Judged versions with every key an evaluation may have, of any number of segments and with any text in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from strata.runtime import DataWindow, FeatureInput, Manifest, SegmentEntry
from strata.runtime.manifest import seal
from training.report.judged import Judged
from training.rows import Evaluation

LONG = "Comes by very often and lately, buys little each time and never with a coupon"
FEATURES = tuple(
    FeatureInput("behaviour", f"coupon_redemption_rate_over_campaign_types_{days}d", "float64") for days in range(20)
)
HOSTILE = "<script>alert('x')</script> \"$5 to $9\" & <img src=x onerror=y> `|[a](b)`"


def clusters(count: int = 5, *, label: str = "", description: str = "", drop: tuple[str, ...] = ()) -> Judged:
    """A clustering into `count` segments; `drop` leaves keys out."""
    manifest = replace(
        _manifest(count, label, description), segmenter="tiers", metrics=_CLUSTER_METRICS | {"segments": float(count)}
    )
    keys = [entry.key for entry in manifest.vocabulary]
    details = {**_common(keys, "kmeans"), **_clustered(keys)}
    return _judged(manifest, details, drop)


def labels(count: int = 3, *, label: str = "", description: str = "", drop: tuple[str, ...] = ()) -> Judged:
    """A supervised version of `count` bands; `drop` leaves keys out."""
    manifest = replace(
        _manifest(count, label, description), segmenter="responders", algorithm="lightgbm", metrics=_LABEL_METRICS,
        score_meaning="calibrated_probability",
    )  # fmt: skip
    keys = [entry.key for entry in manifest.vocabulary]
    details = {**_common(keys, "lightgbm"), **_supervised(manifest)}
    return _judged(manifest, details, drop)


def class_shap(count: int) -> dict[str, Any]:
    """`details["shap"]` of a version of so many classes."""
    keys, rng = [f"segment_{i}" for i in range(count)], np.random.default_rng(9)
    sizes = rng.gamma(1.0, 1.0, (len(FEATURES), count)) / np.arange(1, len(FEATURES) + 1)[:, None]
    return {
        "classes": keys,
        "features": [
            {"feature": f.key, "mean_abs": float(size.sum()), "most": keys[int(size.argmax())],
             "by_class": size.tolist(), "direction": rng.integers(-1, 2, count).tolist()}
            for f, size in zip(FEATURES, sizes, strict=True)
        ],
    }  # fmt: skip


_CLUSTER_METRICS: dict[str, float] = {"silhouette": 0.29, "stability": 0.91, "smallest_share": 0.02}
_LABEL_METRICS: dict[str, float] = {"roc_auc": 0.871, "average_precision": 0.41, "brier": 0.06, "base_rate": 0.08}


def _judged(manifest: Manifest, details: dict[str, Any], drop: tuple[str, ...]) -> Judged:
    kept = {key: value for key, value in details.items() if key not in drop}
    headline = ["4,000 users fall into segments.", "They hold when refitted.", "Better than spend alone."]
    return Judged(seal(manifest), Evaluation(manifest.metrics, kept, headline), 7)


def _manifest(count: int, label: str, description: str) -> Manifest:
    vocabulary = tuple(
        SegmentEntry(f"segment_{i}", f"{i + 1}: {label or LONG[: 14 + 9 * (i % 8)]}", description or f"{LONG}.")
        for i in range(count)
    )
    return Manifest(
        segmenter="",
        version="",
        description=description or "Households grouped by how recently, how often and how much they buy.",
        algorithm="kmeans",
        feature_service="toy",
        features=FEATURES,
        schema_fingerprint="",
        view_fingerprints={"behaviour": "00112233445566ff"},
        vocabulary=vocabulary,
        fallback_segment="segment_0",
        score_meaning="margin",
        created_at="2017-12-01T05:00:00Z",
        data_window=DataWindow("2017-01-01T05:00:00Z", "2017-12-01T05:00:00Z", "2017-12-01T05:00:00Z"),
        metrics={},
        libraries={"lightgbm": "4.7.0", "numpy": "2.4.6"},
        files={},
        model={"format": "toy/1"},
    )


def _interval(value: float, reach: float = 0.03) -> dict[str, float]:
    return {"value": value, "low": value - reach, "high": value + reach}


def _common(keys: list[str], algorithm: str) -> dict[str, Any]:
    before = [*keys[1:], "gone_by"]
    rng = np.random.default_rng(3)
    matrix = rng.integers(0, 40, (len(before), len(keys))) + 300 * np.eye(len(before), len(keys), -1, dtype=int)
    return {
        "algorithm": algorithm,
        "preparation": {
            "duplicates": 12,
            "excluded": 3,
            "inconsistent": [{"feature": FEATURES[0].key, "rows": 5, "allowed": "0 to 1"}],
            "missing": [{"feature": FEATURES[1].key, "share": 0.125, "how": "median, with an indicator"}],
            "columns": [feature.key for feature in FEATURES],
            "warnings": ["A column is constant."],
        },
        "notes": ["December is not in the data."],
        "measured": {"export_difference": 3e-9, "latency_us_1": 12.5},
        "timing": [{"stage": "fitting", "seconds": 12.5}],
        "identity": {
            "previous": "0123456789ab",
            "segments": [
                {"key": key, "kind": "kept" if i else "new", "from": [key] if i else [], "overlap": 0.8, "users": 300}
                for i, key in enumerate(keys)
            ],
            "moved": {"users": 321, "of": 4_000, "share": 0.08},
            "since": {"as_of": "2017-11-01T05:00:00Z", "users": 3_900, "moved": 500, "features": 300, "model": 200},
            "flows": {"rows": before, "columns": keys, "matrix": matrix.tolist()},
            "reasons": ["Most moved because recency fell."],
        },
        "gates": [
            {"metric": "stability", "asked": 0.7, "found": 0.91, "passed": True, "otherwise": "reject"},
            {"metric": "moved_share", "asked": 0.05, "found": 0.08, "passed": False, "otherwise": "hold",
             "statement": "8 % of the users moved, at most 5 % may."},
        ],
        "champion": {"version": "0123456789ab", "metric": "roc_auc", "difference": _interval(0.004, 0.01),
                     "statement": "No worse than the champion."},
        "decision": "hold",
        "decision_reasons": ["8 % of the users moved, at most 5 % may: a person should look."],
    }  # fmt: skip


def _clustered(keys: list[str]) -> dict[str, Any]:
    rng = np.random.default_rng(5)
    segment = rng.integers(0, len(keys), 1_200)
    angle = segment * 2 * np.pi / len(keys)
    # One user a thousand times as far out as all others, as real spenders are.
    x, y = np.cos(angle) + rng.normal(0, 0.25, 1_200), np.sin(angle) + rng.normal(0, 0.25, 1_200)
    x[0] = 1_000.0
    sizes = {key: int(10 ** (1 + 3 * (i % 4) / 3)) for i, key in enumerate(keys)}
    return {
        "kind": "clusters",
        "rows": sum(sizes.values()),
        "candidates": [
            {"k": k, "silhouette": _interval(0.4 - 0.02 * k), "davies_bouldin": 1 + 0.1 * k, "stability": 1 - 0.05 * k,
             "calinski_harabasz": 9_000 / k, "stability_low": 0.9 - 0.07 * k, "smallest_share": 1 / k**2,
             "bic": -1e7 + 1e5 * k}
            for k in range(2, max(len(keys), 6) + 1)
        ],
        "chosen_by": ["The most segments whose stability is at least 0.7."],
        "sizes": sizes,
        "noise": keys[-1],
        "profile": [
            {"feature": f.key, **{key: None if i % 5 == 4 else 10.0**i for i, key in enumerate(keys)}} for f in FEATURES
        ],
        "axes": {key: {axis: float(rng.random()) for axis in ("recency", "frequency", "monetary", "basket")}
                 for key in keys},
        "map": {"x": x.tolist(), "y": y.tolist(), "segment": segment.tolist(), "variance": 0.6, "method": "pca"},
        "telling": {
            key: [{"feature": f.key, "median": 1e6 * (i + 1), "others": 0.001, "effect": (-1) ** i * (0.9 - 0.12 * i)}
                  for i, f in enumerate(FEATURES[:6])]
            for key in keys
        },
        "cards": {key: f"They {LONG.lower()}." for key in keys},
        "windows": [
            {"as_of": f"2017-{month:02d}-01T00:00:00Z", "agreement": _interval(0.8 + 0.01 * month), "silhouette": 0.3,
             "matched": 0.875,
             "shares": {key: (i + 1) / 100 for i, key in enumerate(keys) if i != month}}
            for month in range(12, 0, -1)
        ],
    }  # fmt: skip


def _supervised(manifest: Manifest) -> dict[str, Any]:
    rng = np.random.default_rng(5)
    grid = np.linspace(0, 1, 101)
    rows = [3, *(200 * 4**i for i in range(len(manifest.vocabulary) - 1))]
    effects = {f.key: rng.normal(0, 1 / (i + 1), 500) for i, f in enumerate(FEATURES[:12])}
    curve = {"x": grid, "y": grid**0.2, "low": grid**0.24, "high": grid**0.17}
    falling = {"x": grid, "y": 1 - 0.92 * grid**0.6, "low": 0.9 - 0.82 * grid**0.6, "high": np.minimum(1, 1.1 - grid)}
    return {
        "kind": "labels",
        "rows": {"train": 13_794, "validation": 4_826, "test": 2_447},
        "ranking": {
            "roc_auc": _interval(0.871), "average_precision": _interval(0.41, 0.06), "roc": _lists(curve),
            "precision_recall": _lists(falling),
        },
        "calibration": [
            {"predicted": p, "observed": p * 0.9, "low": p * 0.6, "high": min(1.0, p * 1.3 + 0.01), "rows": 245.0}
            for p in (0.0003, 0.001, 0.004, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.55)
        ],
        "bands": [
            {"segment": e.key, "label": e.label, "rows": rows[i], "share": rows[i] / sum(rows), "positives": 1,
             "precision": None if i == 1 else 0.9 / (i + 1), "recall": 0.5 / (i + 1),
             "precision_interval": None if i == 1 else [0.7 / (i + 1), 0.95 / (i + 1)],
             "recall_interval": [0.4 / (i + 1), 0.6 / (i + 1)]}
            for i, e in enumerate(manifest.vocabulary)
        ],
        "importances": [{"feature": f.key, "share": 0.5 / 2**i} for i, f in enumerate(FEATURES)],
        "baselines": [
            {"name": "nobody", "accuracy": 0.9, "roc_auc": 0.5, "average_precision": 0.08, "precision": None},
            {"name": f"rule: {LONG}", "roc_auc": _interval(0.7), "average_precision": _interval(0.2),
             "ahead": _interval(0.17), "precision": 0.3, "recall": 0.4},
            {"name": "logistic", "roc_auc": _interval(0.86), "average_precision": _interval(0.39),
             "ahead": _interval(0.011, 0.02), "precision": 0.2, "recall": 0.8},
        ],
        "thresholds": [0.08, 0.23],
        "leak_guard": "Labels look 60 days ahead; no label window of one part overlaps another's.",
        "folds": {
            "kind": "grouped", "n": 5, "pooled": {"roc_auc": _interval(0.855)},
            "roc_auc": _interval(0.86, 0.02), "average_precision": _interval(0.4),
            "per_fold": [{"train": 8_000, "test": 2_000, "roc_auc": _interval(0.85 + 0.01 * i),
                          "average_precision": _interval(0.4)} for i in range(5)],
        },
        "lift": [{"share": s, "lift": 1 + 4 * (1 - s), "gain": 4 * s if s < 0.25 else 1.0, "precision": _interval(0.3)}
                 for s in np.linspace(0.05, 1, 20).tolist()],
        "learning_curve": [{"rows": n, "train": 0.99 - n / 1e6, "test": _interval(0.7 + n / 1e5, 0.05)}
                           for n in (500, 1_000, 4_000, 8_000, 13_794)],
        "permutation": [{"feature": f.key, "drop": _interval(0.1 / (i + 1) - 0.005, 0.01)}
                        for i, f in enumerate(FEATURES)],
        "shap": {
            "features": [{"feature": key, "mean_abs": float(np.abs(e).mean())} for key, e in effects.items()],
            "points": {key: {"value": [None, *(np.exp(3 * effect[1:])).tolist()], "effect": effect.tolist()}
                       for key, effect in effects.items()},
        },
        "pruning": {"kept": [f.key for f in FEATURES[:15]], "left_out": [f.key for f in FEATURES[15:]],
                    "before": _interval(0.871), "after": _interval(0.872)},
        "fairness": [{
            "attribute": "profile:age",
            "groups": [{"group": g, "rows": 300, "rate": 0.1 + 0.1 * i,
                        "rate_interval": [0.05 + 0.1 * i, 0.2 + 0.1 * i],
                        "tpr": None if i == 2 else 0.7, "tpr_interval": None if i == 2 else [0.5, 0.85], "fpr": 0.05,
                        "fpr_interval": [0.0, 0.1]}
                       for i, g in enumerate(("19-24", "25-34", "unknown", LONG))],
            "demographic_parity": _interval(0.12), "equalised_odds": _interval(0.05),
            "statement": "The share chosen differs by 12 points between age groups.",
        }],
        "balance": {
            "ways": [{"way": way, "roc_auc": _interval(0.86), "average_precision": _interval(0.4),
                      "brier_before": 0.1 + 0.03 * i, "brier_prior": 0.07, "brier_after": 0.06, "chosen": i == 1}
                     for i, way in enumerate(("none", "class_weights", "smote", "under"))],
            "warnings": ["SMOTE over-fits: train 0.99, held out 0.85."],
        },
        "tuning": {
            "trials": 40, "metric": "roc_auc", "best": 0.873, "parameters": {"trees": 200, "learning_rate": 0.02},
            "history": [{"value": float(v) if i % 9 else None, "parameters": {"trees": 10 * i}}
                        for i, v in enumerate(rng.uniform(0.7, 0.873, 40))],
        },
        "confusion": {"classes": [e.key for e in manifest.vocabulary],
                      "matrix": rng.integers(0, 9_000, (len(rows), len(rows))).tolist(),
                      "per_class": [{"class": e.key, "rows": 900, "precision": 0.7, "precision_interval": [0.6, 0.8],
                                     "recall": None, "recall_interval": None, "f1": 0.65}
                                    for e in manifest.vocabulary]},
        "classes": {"accuracy": _interval(0.87), "macro_f1": _interval(0.81)},
        "class_rankings": [
            {"class": e.key, "base_rate": 0.2, "roc_auc": _interval(0.8), "average_precision": _interval(0.5),
             "roc": _lists(curve), "precision_recall": _lists(falling), "lift": []} for e in manifest.vocabulary
        ],
        "adjustment": {"scale": 0.9, "shifts": [0.1, -0.2], "log_loss_before": 0.51, "log_loss_after": 0.43},
        "leaks": [{"check": "future values", "passed": True, "statement": "No feature changes after its date."},
                  {"check": "users in two folds", "passed": False, "statement": "3 users are in two folds."}],
    }  # fmt: skip


def _lists(curve: dict[str, Any]) -> dict[str, list[float]]:
    return {key: np.asarray(value).tolist() for key, value in curve.items()}
