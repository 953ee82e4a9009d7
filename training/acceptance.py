"""A person accepts a version that its gates held."""

from __future__ import annotations

from pathlib import Path

from strata.clock import format_instant, system_us
from strata.errors import InputInvalid
from strata.runtime import load_package
from strata.runtime.store import latest_version, point_latest
from training.journal import Entry, Journal, whoami
from training.one_training import one_training
from training.registration import recover
from training.stored import asked_version


def accept(packages: Path, journal: Journal, segmenter: str, version: str, *, why: str, who: str | None) -> Entry:
    """Point LATEST at it and say so in the journal. Returns the journal's entry.

    Raises InputInvalid when it is not stored, was rejected, or is the one accepted last, and PackageInvalid when it is
    damaged.
    """
    if not why.strip():
        raise InputInvalid("--why is empty: say why this version is good although a gate held it")
    folder = asked_version(packages, segmenter, version)
    manifest, version = load_package(folder).manifest, folder.name
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
