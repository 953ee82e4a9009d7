"""Two small packages, one of each algorithm, written with the public manifest writer."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from strata.runtime.manifest import DataWindow, FeatureInput, Manifest, SegmentEntry, seal

FEATURES = [f"v{i % 4}:f{i}" for i in range(40)]
INSTANT = "2017-12-01T00:00:00Z"


def write_packages(folder: Path, users: int, seed: int = 5) -> tuple[dict[str, Path], np.ndarray[Any, Any]]:
    """Folders by segmenter, and a float64 [users, 40] matrix in the order of FEATURES with some values missing."""
    draws = np.random.default_rng(seed)
    matrix = draws.gamma(2.0, 3.0, size=(users, len(FEATURES)))
    matrix[draws.random(matrix.shape) < 0.05] = np.nan
    tiers, promo = FEATURES[:12], FEATURES[8:]
    return {
        "tiers": _write(folder / "tiers", tiers, 4, _kmeans(draws, len(tiers), 4), None),
        "promo": _write(folder / "promo", promo, 3, _boosted(3), _trees(matrix[:, 8:], draws)),
    }, matrix


def _kmeans(draws: np.random.Generator, features: int, k: int) -> dict[str, Any]:
    scale = {"missing": 6.0, "knots": [0.0, 6.0, 12.0, 30.0], "levels": [0.0, 0.5, 0.8, 1.0]}
    return {"format": "kmeans/1", "scales": [scale] * features, "centroids": draws.random((k, features)).tolist()}


def _boosted(segments: int) -> dict[str, Any]:
    return {
        "format": "lightgbm/1",
        "file": "model.txt",
        "calibration": {"kind": "platt", "slope": 0.9, "offset": -0.1},
        "thresholds": [0.3, 0.6],
        "bands": list(range(segments)),
    }


def _trees(rows: np.ndarray[Any, Any], draws: np.random.Generator) -> bytes:
    label = (np.nan_to_num(rows[:, 0]) + draws.normal(size=len(rows)) > 6).astype(int)
    booster = lgb.train(
        {"objective": "binary", "num_leaves": 15, "verbose": -1, "num_threads": 1, "seed": 1},
        lgb.Dataset(rows, label),
        num_boost_round=100,
    )
    return str(booster.model_to_string()).encode()


def _write(folder: Path, keys: list[str], segments: int, model: dict[str, Any], trees: bytes | None) -> Path:
    name = folder.name
    folder.mkdir(parents=True)
    files = {}
    if trees is not None:
        (folder / "model.txt").write_bytes(trees)
        files["model.txt"] = hashlib.sha256(trees).hexdigest()
    inputs = tuple(FeatureInput(view, feature, "float64") for view, _, feature in (key.partition(":") for key in keys))
    manifest = Manifest(
        segmenter=name,
        version="",
        description="a toy",
        algorithm="toy",
        feature_service=name,
        features=inputs,
        schema_fingerprint="",
        view_fingerprints={one.view: "0" * 16 for one in inputs},
        vocabulary=tuple(SegmentEntry(f"s{i}", f"Segment {i}", "") for i in range(segments)),
        fallback_segment="s0",
        score_meaning="margin",
        created_at=INSTANT,
        data_window=DataWindow(INSTANT, INSTANT, INSTANT),
        metrics={},
        libraries={},
        files=files,
        model=model,
    )
    (folder / "manifest.json").write_bytes(seal(manifest).to_json())
    return folder
