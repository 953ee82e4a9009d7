"""What a report is about: a version of a segmenter, its manifest and its reference."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from monitoring.log.schema import REFERENCE_COLUMNS, column_differences
from strata.errors import InputInvalid, PackageInvalid, SegmenterNotFound
from strata.release import live_version
from strata.runtime.manifest import FILE_NAME, Manifest, parse_manifest
from strata.runtime.store import find_package
from strata.settings import Settings

REFERENCE_FILE = "reference.parquet"


@dataclass(frozen=True)
class Target:
    """A version with the sample it was accepted with."""

    manifest: Manifest
    reference: pa.Table


def find_target(settings: Settings, segmenter: str, version: str | None) -> Target:
    """The named version, else the one that is live. Raises InputInvalid when it cannot be reported on."""
    configured = settings.segmenters.get(segmenter)
    wanted = version or live_version(settings.releases, segmenter, configured.version if configured else "latest")
    try:
        folder = find_package(settings.packages, segmenter, wanted)
        manifest = parse_manifest((folder / FILE_NAME).read_bytes())
    except (SegmenterNotFound, PackageInvalid) as error:
        raise InputInvalid(f"{error}. Train it first: strata train {segmenter}") from None
    path = folder / REFERENCE_FILE
    if not path.is_file():
        raise InputInvalid(
            f"{segmenter} {manifest.version} has no {REFERENCE_FILE}, so drift has nothing to be measured against; "
            f"train it again: strata train {segmenter}"
        )
    declared = manifest.files.get(REFERENCE_FILE)
    if declared is not None and hashlib.sha256(path.read_bytes()).hexdigest() != declared:
        raise InputInvalid(f"{path} is not the file its manifest names (changed after training); train again")
    return Target(manifest, _read_reference(path, manifest))


def _read_reference(path: Path, manifest: Manifest) -> pa.Table:
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            wanted = {**REFERENCE_COLUMNS, **dict.fromkeys(manifest.feature_keys, "number")}
            differences = column_differences(schema, wanted)  # type: ignore[arg-type]  # dict.fromkeys widens the literal
            if differences:
                raise InputInvalid(f"{path} is not a reference of this version: {'; '.join(differences)}")
            table = file.read(columns=list(wanted))
    except (OSError, pa.ArrowException) as error:
        raise InputInvalid(f"{path} cannot be read: {error}") from None
    if table.num_rows == 0:
        raise InputInvalid(f"{path} holds no rows; train again")
    return table
