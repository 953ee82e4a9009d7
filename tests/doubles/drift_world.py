"""A home with one package, its reference and a prediction log, made from plain arrays: what a report reads.

Columns are given by name (`view:feature`); a list of strings among `categories` makes a feature categorical.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from strata.runtime import DataWindow, FeatureInput, Manifest, SegmentEntry, write_package

ANCHOR_US = 1_512_100_800_000_000
"""2017-12-01T04:00:00Z."""
SEGMENTS = ("high", "middle", "low")
Columns = Mapping[str, np.ndarray]


def write_drift_package(
    packages: Path,
    reference: Columns,
    *,
    segmenter: str = "value_tiers",
    categories: Mapping[str, tuple[str, ...]] | None = None,
    with_reference: bool = True,
) -> Manifest:
    """Store a package whose reference is `reference`: every feature column, `score` and `segment`."""
    names = [name for name in reference if ":" in name]
    features = tuple(_feature(name, (categories or {}).get(name, ())) for name in names)
    manifest = Manifest(
        segmenter=segmenter,
        version="",
        description="made for a test",
        algorithm="kmeans",
        feature_service=segmenter,
        features=features,
        schema_fingerprint="",
        view_fingerprints={feature.view: "00112233445566ff" for feature in features},
        vocabulary=tuple(SegmentEntry(key, key.capitalize(), f"The {key} ones.") for key in SEGMENTS),
        fallback_segment="low",
        score_meaning="margin",
        created_at="2017-12-01T04:00:00Z",
        data_window=DataWindow("2017-01-01T05:00:00Z", "2017-12-01T04:00:00Z", "2017-12-01T04:00:00Z"),
        metrics={},
        libraries={},
        files={},
        model={"format": "none"},
    )
    files = {"evaluation.html": b"<!doctype html><title>evaluation</title><p>toy evaluation</p>"}
    if with_reference:
        files["reference.parquet"] = parquet_bytes(feature_table(reference))
    return write_package(packages, manifest, files)[0]


def feature_table(columns: Columns) -> pa.Table:
    """Features and score as floats (NaN becomes null), segments as text."""
    arrays = {}
    for name, values in columns.items():
        if name == "segment":
            arrays[name] = pa.array(list(values), pa.string())
        else:
            kind = pa.float32() if name == "score" else pa.float64()
            arrays[name] = pa.array(np.asarray(values, dtype=np.float64), kind, from_pandas=True)
    return pa.table(arrays)


def log_table(manifest: Manifest, columns: Columns, **changes: Any) -> pa.Table:
    """Rows of contract 6, one user each, all live; `changes` replaces whole columns."""
    rows = len(columns["score"])
    features = feature_table(columns)
    table = {
        "user_id": pa.array([str(index) for index in range(rows)]),
        "as_of": pa.array(ANCHOR_US + np.arange(rows) * 1_000, pa.timestamp("us", tz="UTC")),
        "segmenter": pa.array([manifest.segmenter] * rows),
        "version": pa.array([manifest.version] * rows),
        "segment": features["segment"],
        "score": features["score"],
        "source": pa.array(["live"] * rows),
        "degradation": pa.array([None] * rows, pa.string()),
        **{name: features[name] for name in features.column_names if ":" in name},
        **changes,
    }
    return pa.table(table).replace_schema_metadata({"schema_fingerprint": manifest.schema_fingerprint})


def write_log(predictions: Path, table: pa.Table, name: str = "part-0", segmenter: str = "value_tiers") -> Path:
    """Write one file of the log."""
    folder = predictions / segmenter
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.parquet"
    pq.write_table(table, path)
    return path


def parquet_bytes(table: pa.Table) -> bytes:
    """The table as a Parquet file in memory."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return bytes(sink.getvalue())


def synthetic_population(rows: int, seed: int) -> dict[str, np.ndarray]:
    """Seeded shopping-like columns: heavy tails, zeros, shares, counts, a recency, a category, nulls."""
    rng = np.random.default_rng(seed)
    activity = rng.lognormal(0.0, 0.9, rows)
    spend = activity * rng.lognormal(4.4, 0.6, rows)
    active = rng.random(rows) > 0.15
    age = rng.choice(4, rows, p=[0.3, 0.4, 0.2, 0.1]).astype(np.float64)
    age[rng.random(rows) < 0.3] = np.nan
    return {
        "rfm:monetary_30d": np.where(active, spend, 0.0),
        "rfm:frequency_30d": np.where(active, rng.poisson(1 + 4 * activity), 0).astype(np.float64),
        "rfm:recency_days": rng.exponential(9.0, rows),
        "behaviour:discount_share": rng.beta(1.5, 6.0, rows),
        "behaviour:coupons": (rng.random(rows) < 0.07) * rng.poisson(2.0, rows).astype(np.float64),
        "profile:age_band": age,
        "score": rng.beta(2.0, 5.0, rows),
        "segment": rng.choice(np.array(SEGMENTS), rows, p=[0.2, 0.5, 0.3]),
    }


AGE_BANDS = {"profile:age_band": ("19-24", "25-34", "35-44", "45+")}


def take(columns: Columns, rows: Sequence[int] | np.ndarray) -> dict[str, np.ndarray]:
    """The same columns with some rows."""
    return {name: np.asarray(values)[rows] for name, values in columns.items()}


def _feature(name: str, categories: tuple[str, ...]) -> FeatureInput:
    view, _, field = name.partition(":")
    return FeatureInput(view, field, "string" if categories else "float64", categories=categories)
