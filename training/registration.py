"""How a version that was decided about becomes one of the home's, whenever its writer is killed.

The order: the folder, its decision inside, by one rename; then LATEST; then the journal's line. The line is the end.
A version without one was cut off after its rename, and the next training of that segmenter finishes it from what the
folder says; before the rename there is nothing but hidden leftovers, which it removes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from strata.clock import parse_instant
from strata.errors import PackageInvalid, SettingsInvalid
from strata.runtime import Manifest, list_versions, write_package
from strata.runtime.manifest import FILE_NAME, parse_manifest
from strata.runtime.store import latest_version, place_folder, point_latest, remove_leftovers, seal_files
from training.journal import Entry, Journal

REJECTED: Final = "rejected"
KEPT_REPORTS: Final = 5
"""Of rejected versions: enough to see a trend, and nobody has to clean up."""
EVALUATION: Final = "evaluation.json"


def register(
    packages: Path, journal: Journal, manifest: Manifest, files: Mapping[str, bytes], pages: Mapping[str, bytes]
) -> tuple[Manifest, Path]:
    """Store what was decided about; the pages hold the decision. Returns the manifest and the folder of the report."""
    entry = _training_in(pages[EVALUATION])
    assert entry is not None
    if entry["decision"] == "reject":
        manifest = seal_files(manifest, files)
        folder = _write_rejected(packages / manifest.segmenter, manifest.version, pages)
    else:
        manifest, folder = write_package(packages, manifest, {**files, **pages}, latest=False)
        if entry["decision"] == "accept":
            point_latest(packages, manifest.segmenter, manifest.version)
    journal.append(entry)
    return manifest, folder


def recover(packages: Path, journal: Journal, segmenter: str) -> list[str]:
    """Finish or remove what a killed training of this segmenter left. Returns the versions it finished."""
    folder = packages / segmenter
    remove_leftovers(folder)
    known = {entry.get("version") for entry in journal.entries(segmenter)}
    found = [_training_at(folder / version) for version in list_versions(packages, segmenter) if version not in known]
    found += [_training_at(report.parent) for report in (folder / REJECTED).glob(f"*/{EVALUATION}")
              if report.parent.name not in known]  # fmt: skip
    cut_off = sorted((entry for entry in found if entry is not None), key=lambda entry: parse_instant(entry["at"]))
    for entry in cut_off:
        if entry["decision"] == "accept" and _newer_than_latest(packages, entry):
            point_latest(packages, segmenter, entry["version"])
        journal.append(entry)
    return [entry["version"] for entry in cut_off]


def _newer_than_latest(packages: Path, entry: Entry) -> bool:
    """A home whose journal was lost keeps the version it has."""
    latest = latest_version(packages, entry["segmenter"])
    if latest is None:
        return True
    try:
        made = parse_manifest((packages / entry["segmenter"] / latest / FILE_NAME).read_bytes()).created_at
    except (OSError, PackageInvalid):
        return True
    return parse_instant(made) <= parse_instant(entry["at"])


def _write_rejected(folder: Path, version: str, pages: Mapping[str, bytes]) -> Path:
    """Only the report, under `rejected/`; the oldest reports go."""
    reports = folder / REJECTED
    reports.mkdir(parents=True, exist_ok=True)
    target = place_folder(folder, reports / version, pages)
    kept = sorted(reports.iterdir(), key=lambda each: (each.stat().st_mtime_ns, each.name))
    for old in kept[:-KEPT_REPORTS]:
        shutil.rmtree(old)
    return target


def _training_at(folder: Path) -> Entry | None:
    try:
        return _training_in((folder / EVALUATION).read_bytes())
    except OSError:
        return None


def _training_in(evaluation: bytes) -> Entry | None:
    """The journal's entry in an evaluation; None in one from before there was a journal, or from elsewhere."""
    try:
        entry = json.loads(evaluation).get("training")
        if isinstance(entry, dict) and entry["decision"] and entry["version"] and entry["segmenter"]:
            parse_instant(entry["at"])
            return entry
    except (ValueError, KeyError, AttributeError, TypeError, SettingsInvalid):
        pass
    return None
