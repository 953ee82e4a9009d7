"""The version a new one is compared with: the one that answers now, else the one accepted last."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from strata.errors import PackageInvalid, SegmenterNotFound
from strata.release import live_version
from strata.runtime import Package, find_package, load_package
from strata.runtime.store import latest_version


@dataclass(frozen=True)
class Previous:
    """A version, and what it is here."""

    package: Package
    standing: str
    """`live` or `accepted last`."""

    @property
    def version(self) -> str:
        return self.package.manifest.version


def find_previous(packages: Path, releases: Path | None, segmenter: str) -> Previous | None:
    """The live version of the release log, where it is stored here; else LATEST; None where nothing was accepted.

    Raises PackageInvalid when it is there and cannot be used.
    """
    latest = latest_version(packages, segmenter)
    live = live_version(releases, segmenter, "") if releases is not None else ""
    if live:
        try:
            folder = find_package(packages, segmenter, live)
        except (PackageInvalid, SegmenterNotFound):
            pass  # released from elsewhere, or removed since: what was accepted last stands for it
        else:
            return Previous(load_package(folder), "live")
    if latest is None:
        return None
    return Previous(load_package(find_package(packages, segmenter, latest)), "accepted last")
