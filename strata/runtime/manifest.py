"""The manifest: what a package says about itself. This module is its only reader and writer.

Two hashes hold it together. `schema_fingerprint` names the ordered inputs, so that a caller and a model can
agree on a matrix by comparing 16 digits. `version` names the content, so that training twice on the same data
with the same code and seed gives the same version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Final, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from strata.errors import PackageInvalid

FORMAT: Final = "strata-package/1"
FILE_NAME: Final = "manifest.json"
# What a person reads, what says when, and what came before: none of it decides an answer, so none of it decides the
# version. The same data, code and seed give one version in a home that has an older one and in a home that has none.
UNVERSIONED_FILES: Final = frozenset({"evaluation.html", "evaluation.json", "model_card.md"})
UNVERSIONED_KEYS: Final = ("version", "created_at", "lineage")

DType = Literal["int64", "float64", "string", "bool"]
ScoreMeaning = Literal["calibrated_probability", "posterior", "margin"]
LineageKind = Literal["kept", "new", "vanished", "merged", "split"]


class Strict:
    """A dataclass that refuses keys it does not know, and numbers that are not finite."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class FeatureInput(Strict):
    """One column of the matrix a package scores."""

    view: str
    name: str
    dtype: DType
    default: float | None = None
    """What stands in for a missing value; the package fills it in, callers pass NaN."""
    categories: tuple[str, ...] = ()
    """For strings: the value at position i travels as the number i."""

    @property
    def key(self) -> str:
        """`view:name`, as in reports, logs and replies."""
        return f"{self.view}:{self.name}"


@dataclass(frozen=True)
class SegmentEntry(Strict):
    """One entry of the vocabulary; `segment_indexes` point at its position."""

    key: str
    label: str
    description: str


@dataclass(frozen=True)
class DataWindow(Strict):
    """The instants (ISO 8601, UTC) whose rows a version learned from, and the clock it was trained at."""

    first: str
    last: str
    as_of: str


@dataclass(frozen=True)
class SegmentLineage(Strict):
    """Where one segment comes from; a vanished one is the older version's."""

    key: str
    kind: LineageKind
    origins: tuple[str, ...]
    """Keys of the older version, the one with the largest overlap first."""
    overlap: float
    """Jaccard index of its users and those of its first origin, 0..1."""


@dataclass(frozen=True)
class Lineage(Strict):
    """What a version is to the one before it, on the same users."""

    previous: str
    segments: tuple[SegmentLineage, ...]
    moved_share: float
    """Share of users whose segment changes when this version takes the older one's place."""


@dataclass(frozen=True)
class Manifest(Strict):
    """What a package is. See docs/architecture.md, contract 4."""

    segmenter: str
    version: str
    description: str
    algorithm: str
    feature_service: str
    features: tuple[FeatureInput, ...]
    schema_fingerprint: str
    view_fingerprints: dict[str, str]
    vocabulary: tuple[SegmentEntry, ...]
    fallback_segment: str
    score_meaning: ScoreMeaning
    created_at: str
    data_window: DataWindow
    metrics: dict[str, float]
    libraries: dict[str, str]
    files: dict[str, str]
    """File name -> SHA-256 of its bytes; every file of the package but the manifest."""
    model: dict[str, Any]
    """The algorithm's own part; `format` says which."""
    format: str = field(default=FORMAT)
    lineage: Lineage | None = None
    """None: nothing was trained before it, or it is from before lineages were kept."""

    @property
    def feature_keys(self) -> tuple[str, ...]:
        """`view:name` in the order the model reads them."""
        return tuple(feature.key for feature in self.features)

    @property
    def fallback_index(self) -> int:
        """The fallback segment's position in the vocabulary."""
        return [entry.key for entry in self.vocabulary].index(self.fallback_segment)

    def to_json(self) -> bytes:
        """The bytes of manifest.json: readable, keys in declaration order; no `lineage` where there is none."""
        document = asdict(self)
        if self.lineage is None:
            del document["lineage"]
        return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


_ADAPTER: Final = TypeAdapter(Manifest)


def schema_fingerprint(features: Sequence[FeatureInput]) -> str:
    """16 hexadecimal digits over the ordered features: view, name, dtype, default and categories of each.

    >>> schema_fingerprint([FeatureInput("rfm", "monetary_30d", "float64")])
    '357b9b7315665902'
    """
    rows = [[f.view, f.name, f.dtype, f.default, list(f.categories)] for f in features]
    return _digest(rows)[:16]


def content_version(manifest: Manifest) -> str:
    """12 hexadecimal digits over everything that decides an answer; not the time of making, nor the pages."""
    content = asdict(manifest)
    for key in UNVERSIONED_KEYS:
        del content[key]
    content["files"] = {name: sha for name, sha in manifest.files.items() if name not in UNVERSIONED_FILES}
    return _digest(content)[:12]


def seal(manifest: Manifest) -> Manifest:
    """The manifest with its fingerprint and version filled in. Call it last: any later change breaks both."""
    stamped = replace(manifest, schema_fingerprint=schema_fingerprint(manifest.features))
    return replace(stamped, version=content_version(stamped))


def parse_manifest(raw: bytes) -> Manifest:
    """Read and check manifest.json. Raises PackageInvalid with one sentence."""
    _check_format(raw)
    try:
        manifest = _ADAPTER.validate_json(raw)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"]) or "it"
        raise PackageInvalid(f"{FILE_NAME} is not a manifest: {where}: {fault['msg'].lower()}") from None
    _check_consistency(manifest)
    return manifest


def _check_format(raw: bytes) -> None:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise PackageInvalid(f"{FILE_NAME} is not JSON (damaged or cut short)") from None
    found = document.get("format") if isinstance(document, dict) else None
    if found != FORMAT:
        raise PackageInvalid(f"{FILE_NAME} has format {found!r}; this Strata reads {FORMAT!r}: train again or upgrade")


def _check_consistency(manifest: Manifest) -> None:
    keys = [entry.key for entry in manifest.vocabulary]
    faults = {
        "it names no features": not manifest.features,
        "a feature is named twice": len(set(manifest.feature_keys)) != len(manifest.features),
        "a segment is named twice": len(set(keys)) != len(keys),
        "the fallback segment is not in the vocabulary": manifest.fallback_segment not in keys,
        "a feature's view has no fingerprint": any(f.view not in manifest.view_fingerprints for f in manifest.features),
        "its schema fingerprint is not that of its features": (
            schema_fingerprint(manifest.features) != manifest.schema_fingerprint
        ),
        "its content is not what its version names (changed after training)": (
            content_version(manifest) != manifest.version
        ),
    }
    for fault, present in faults.items():
        if present:
            raise PackageInvalid(f"the manifest of {manifest.segmenter} {manifest.version} is wrong: {fault}")


def _digest(value: object) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
