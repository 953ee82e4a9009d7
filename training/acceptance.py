"""A person accepts a version that its gates held."""

from __future__ import annotations

from pathlib import Path

from strata.clock import format_instant, system_us
from strata.errors import InputInvalid
from strata.runtime import find_package, list_segmenters, list_versions, load_package
from strata.runtime.store import latest_version, point_latest
from training.journal import Entry, Journal, whoami
from training.one_training import one_training
from training.registration import REJECTED, recover


def accept(packages: Path, journal: Journal, segmenter: str, version: str, *, why: str, who: str | None) -> Entry:
    """Point LATEST at it and say so in the journal. Returns the journal's entry.

    Raises InputInvalid when it was rejected, or is the one accepted last, and PackageInvalid when it is not stored or
    is damaged.
    """
    if not why.strip():
        raise InputInvalid("--why is empty: say why this version is good although a gate held it")
    stored = segmenter in list_segmenters(packages) and version in list_versions(packages, segmenter)
    if not stored and (packages / segmenter / REJECTED / version).is_dir():
        raise InputInvalid(
            f"{segmenter} {version} was rejected, and only its report is kept; change what its gates asked "
            f"and run: strata train {segmenter}"
        )
    manifest = load_package(find_package(packages, segmenter, version)).manifest
    with one_training(packages / segmenter):
        recover(packages, journal, segmenter)
        before = latest_version(packages, segmenter)
        if before == version:
            raise InputInvalid(f"{segmenter} {version} is the version accepted last already")
        entry: Entry = {
            "at": format_instant(system_us()),
            "action": "accept",
            "who": who or whoami(),
            "segmenter": segmenter,
            "version": version,
            "decision": "accept",
            "reasons": [why],
            "data_window": dict(manifest.data_window.__dict__),
            "previous": before,
        }
        # LATEST first, as in a training: the line says what is so.
        point_latest(packages, segmenter, version)
        journal.append(entry)
    return entry
