"""Both samples as columns to judge: every feature in the manifest's order, then score, then segment."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from monitoring.drift.bins import Floats
from monitoring.drift.verdict import Column
from strata.runtime.manifest import FeatureInput, Manifest


def pair_columns(manifest: Manifest, reference: pa.Table, current: pa.Table) -> list[Column]:
    """Columns of `reference` and `current` side by side; NaN is missing."""
    features = [_feature(feature, reference, current) for feature in manifest.features]
    score = Column("score", "number", _floats(reference["score"]), _floats(current["score"]))
    return [*features, score, _segment(manifest, reference, current)]


def _feature(feature: FeatureInput, reference: pa.Table, current: pa.Table) -> Column:
    before, after = _floats(reference[feature.key]), _floats(current[feature.key])
    labels = ("false", "true") if feature.dtype == "bool" else feature.categories
    if not labels:
        return Column(feature.key, "number", before, after)
    return _coded(feature.key, before, after, labels)


def _coded(name: str, before: Floats, after: Floats, labels: tuple[str, ...]) -> Column:
    """Category indexes; a code outside the declared categories becomes a category of its own."""
    codes = np.concatenate([before, after])
    known = np.arange(len(labels))
    odd = np.setdiff1d(codes[np.isfinite(codes)], known)
    values = np.concatenate([known, odd])
    order = np.argsort(values, kind="stable")

    def position(column: Floats) -> Floats:
        places = order[np.minimum(np.searchsorted(values, column, sorter=order), len(values) - 1)].astype(float)
        return np.where(np.isfinite(column), places, np.nan)

    names = (*labels, *(f"undeclared code {value:g}" for value in odd))
    return Column(name, "category", position(before), position(after), names)


def _segment(manifest: Manifest, reference: pa.Table, current: pa.Table) -> Column:
    """Segment keys as positions in the vocabulary; a key outside it is appended."""
    before, after = reference["segment"].to_pylist(), current["segment"].to_pylist()
    keys = [entry.key for entry in manifest.vocabulary]
    keys += sorted({key for key in (*before, *after) if key is not None} - set(keys))
    place = {key: float(index) for index, key in enumerate(keys)}

    def codes(column: list[str | None]) -> Floats:
        return np.array([np.nan if key is None else place[key] for key in column], dtype=np.float64)

    return Column("segment", "category", codes(before), codes(after), tuple(keys))


def _floats(column: pa.ChunkedArray) -> Floats:
    values: Floats = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return values.astype(np.float64)
