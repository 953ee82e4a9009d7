"""The formats a manifest's model may have, and how each is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from strata.errors import PackageInvalid
from strata.runtime import boosted, centroids, classes, kmeans, linear, mixture, neighbours, prepared
from strata.runtime.manifest import Manifest
from strata.runtime.model import Model
from strata.runtime.prepare import read_steps
from strata.runtime.present import refuse_unknown

Files = Mapping[str, bytes]
_Reader = Callable[[dict[str, Any], int, int], Model]
_TreeReader = Callable[[dict[str, Any], str, int, int], Model]


@dataclass(frozen=True)
class _Columns:
    """What a model reads."""

    may_miss: Sequence[bool]
    """Per column, whether it can be NaN."""
    segments: int
    files: Files


def read_model(manifest: Manifest, files: Files) -> Model:
    """Read `manifest.model` and the files it names. Raises PackageInvalid with one sentence."""
    may_miss = [feature.default is None for feature in manifest.features]
    columns = _Columns(may_miss, len(manifest.vocabulary), files)
    if manifest.model.get("format") == prepared.FORMAT:
        return _read_prepared(manifest.model, columns)
    return _read(manifest.model, columns)


def _read_prepared(document: dict[str, Any], raw: _Columns) -> Model:
    refuse_unknown(document, f"a {prepared.FORMAT} model", "steps", "select", "model")
    defaulted = [position for position, may_miss in enumerate(raw.may_miss) if not may_miss]
    preparation = read_steps(document, len(raw.may_miss), defaulted)
    inner = document.get("model")
    if not isinstance(inner, dict):
        raise PackageInvalid(f"the model within a {prepared.FORMAT} one is not an object")
    columns = _Columns(preparation.may_miss(defaulted), raw.segments, raw.files)
    return prepared.PreparedModel(preparation, _read(inner, columns))


def _read(document: dict[str, Any], columns: _Columns) -> Model:
    wanted, width = str(document.get("format")), len(columns.may_miss)
    if wanted in _TREES:
        return _TREES[wanted](document, _text(document, columns.files), width, columns.segments)
    if wanted == kmeans.FORMAT:
        return kmeans.read_kmeans(document, width, columns.segments)
    if wanted not in _PRESENT:
        known = ", ".join(sorted([*_TREES, *_PRESENT, kmeans.FORMAT, prepared.FORMAT]))
        raise PackageInvalid(f"its model format {document.get('format')!r:.40} is not known here ({known})")
    if True in columns.may_miss:
        column = columns.may_miss.index(True)
        raise PackageInvalid(
            f"its {wanted} model reads no missing values, and its column {column} may be missing: "
            "fill it in the preparation, or give the feature a default"
        )
    return _PRESENT[wanted](document, width, columns.segments)


def _text(document: dict[str, Any], files: Files) -> str:
    name = document.get("file")
    if not isinstance(name, str) or name not in files:
        raise PackageInvalid(f"the model file {name!r:.40} is not among its files")
    try:
        return files[name].decode()
    except UnicodeDecodeError:
        raise PackageInvalid(f"{name} is not text") from None


_TREES: Final[dict[str, _TreeReader]] = {
    boosted.FORMAT: boosted.read_boosted,
    classes.FORMAT: classes.read_classes,
}
_PRESENT: Final[dict[str, _Reader]] = {
    centroids.FORMAT: centroids.read_centroids,
    mixture.FORMAT: mixture.read_mixture,
    neighbours.FORMAT: neighbours.read_neighbours,
    linear.FORMAT: linear.read_linear,
    linear.CLASSES_FORMAT: linear.read_linear_classes,
}
"""They read no missing values."""
