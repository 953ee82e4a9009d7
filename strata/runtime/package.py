"""A package on disk, verified and ready to score."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from strata.errors import InputInvalid, PackageInvalid
from strata.runtime.formats import read_model
from strata.runtime.manifest import FILE_NAME, Manifest, parse_manifest
from strata.runtime.model import Floats, Model, Scores
from strata.runtime.native_call import KernelScore


@dataclass(frozen=True)
class Package:
    """One exact version of one segmenter. Immutable; `score` may be called from any thread."""

    manifest: Manifest
    manifest_sha256: str
    """64 hexadecimal digits over manifest.json's bytes."""
    model: Model
    defaults: Floats
    """Per feature, what stands in for NaN; NaN where the feature has no default."""

    def score(self, values: Floats) -> Scores:
        """Score float64 [n, f] in the manifest's feature order; NaN is a missing value, filled in here.

        Raises InputInvalid when the shape is not [n, f]. Never changes `values`.
        """
        if values.ndim != 2 or values.shape[1] != len(self.defaults):
            raise InputInvalid(
                f"{self.manifest.segmenter} reads rows of {len(self.defaults)} features; shape {values.shape} was given"
            )
        if self.has_defaults:
            values = np.where(np.isnan(values), self.defaults, values)
        # A column-ordered input stays column-ordered up to here, and LightGBM reads rows.
        return self.model.score(np.ascontiguousarray(values, dtype=np.float64))

    def score_row(self, row: Floats) -> tuple[int, float]:
        """Segment index and score of one row, [f]: `score` without arrays around single numbers.

        The caller answers for the row's length. A score is to be rounded to float32, as those of `score` are.
        """
        if self.has_defaults:
            row = np.where(np.isnan(row), self.defaults, row)
        return self.model.score_row(row)

    def kernel_score(self) -> KernelScore | None:
        """How the kernel scores one row, whose missing values it fills with `defaults` itself; None: it does not."""
        return self.model.kernel_score()

    @cached_property
    def has_defaults(self) -> bool:
        """Whether any feature has a default."""
        return not np.isnan(self.defaults).all()


def load_package(path: Path) -> Package:
    """Verify and load a package. Raises PackageInvalid in one sentence; never unpickles, never runs its content.

    Every file's SHA-256 is compared with the manifest's before any of it is parsed.
    """
    try:
        raw = (path / FILE_NAME).read_bytes()
        manifest = parse_manifest(raw)
        contents = {name: _verified(path, name, sha) for name, sha in manifest.files.items()}
        model = read_model(manifest, contents)
    except PackageInvalid as error:
        raise PackageInvalid(f"the package in {path} cannot be used: {error}") from None
    except OSError as error:
        raise PackageInvalid(f"the package in {path} cannot be read: {error.strerror or error}") from None
    return _package(manifest, hashlib.sha256(raw).hexdigest(), model)


def assemble(manifest: Manifest, contents: Mapping[str, bytes]) -> Package:
    """The package a manifest and its model files make, before they are stored: for the export check of training."""
    return _package(manifest, hashlib.sha256(manifest.to_json()).hexdigest(), read_model(manifest, contents))


def _package(manifest: Manifest, manifest_sha256: str, model: Model) -> Package:
    defaults = np.array([np.nan if f.default is None else f.default for f in manifest.features])
    return Package(manifest, manifest_sha256, model, defaults)


def _verified(path: Path, name: str, expected: str) -> bytes:
    if Path(name).name != name or name in ("", ".", "..", FILE_NAME):
        raise PackageInvalid(f"{name!r} is not a file name a package may list")
    if not (path / name).is_file():
        raise PackageInvalid(f"{name} is missing")
    content = (path / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != expected:
        raise PackageInvalid(f"{name} is not the file the manifest lists (damaged or changed)")
    return content
