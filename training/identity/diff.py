"""Two stored versions on the same users."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq

from strata.errors import InputInvalid, PackageInvalid
from strata.runtime import FeatureInput, Package, list_segmenters, list_versions, load_package
from strata.runtime.manifest import FILE_NAME
from training.identity.agree import columns_of
from training.identity.solution import Identity, Population, compare
from training.rows import Floats
from training.stored import asked_version

REFERENCE: Final = "reference.parquet"


def locate(packages: Path, named: str) -> Path:
    """The folder of a path, a version, `NAME/VERSION` or `NAME/latest`. Raises InputInvalid or PackageInvalid."""
    if (Path(named) / FILE_NAME).is_file():
        return Path(named)
    segmenter, _, version = named.rpartition("/")
    if segmenter in list_segmenters(packages):
        return asked_version(packages, segmenter, version)
    holders = [name for name in list_segmenters(packages) if named in list_versions(packages, name)]
    if len(holders) == 1:
        return asked_version(packages, holders[0], named)
    raise InputInvalid(
        f"{named!r} is no version here ({packages}) and no folder of a package; "
        "write a version, NAME/latest or a path (strata packages list)"
    )


def diff(old_folder: Path, new_folder: Path, on: str = "new") -> Identity:
    """Score the reference of one of them, `on` `new` or `old`, with both.

    Raises InputInvalid where they are of different segmenters, or the other reads features that reference lacks.
    """
    old, new = load_package(old_folder), load_package(new_folder)
    names = (old.manifest.segmenter, new.manifest.segmenter)
    if names[0] != names[1]:
        raise InputInvalid(f"{names[0]} and {names[1]} are different segmenters: their segments have nothing in common")
    home, folder = (new, new_folder) if on == "new" else (old, old_folder)
    other = old if on == "new" else new
    try:
        columns = columns_of(other.manifest, home.manifest.features, home.manifest.view_fingerprints)
    except InputInvalid as fault:
        raise InputInvalid(f"{fault} (those of {home.manifest.version}); compare --on the other one's users") from None
    values = read_reference(folder, home)
    own, shared = values, values[:, columns]
    return compare(old, new, Population(shared, own) if on == "new" else Population(own, shared))


def read_reference(folder: Path, package: Package) -> Floats:
    """[n, f] feature values of a package's reference, in its own order. Raises PackageInvalid without one."""
    if REFERENCE not in package.manifest.files:
        raise PackageInvalid(
            f"{package.manifest.segmenter} {package.manifest.version} has no {REFERENCE} to compare on"
        )
    table = pq.read_table(folder / REFERENCE, columns=list(package.manifest.feature_keys))
    return np.column_stack([_column(table, feature) for feature in package.manifest.features])


def _column(table: object, feature: FeatureInput) -> Floats:
    column = table.column(feature.key)  # type: ignore[attr-defined]
    found: Floats = column.to_numpy(zero_copy_only=False).astype(np.float64)
    return found
