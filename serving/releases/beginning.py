"""What a gateway does about the release before its workers start: see that there is one, and that it can be served."""

from __future__ import annotations

import logging
from typing import Final

from serving.adapters.packages import remote_profile
from strata.errors import PackageInvalid, SegmenterNotFound, StrataError
from strata.registry import read_catalog
from strata.registry.catalog import Catalog
from strata.release import Change, Release, ReleaseLog, promote, with_segmenter
from strata.runtime import find_package
from strata.settings import Settings

WHO: Final = "strata serve"
_log = logging.getLogger("strata.gateway")


def begin_release(settings: Settings) -> None:
    """Log what the settings add to the release. Raises StrataError, in a sentence, when nothing can be served.

    A segmenter that is in no release yet enters with the version its settings name (`latest`: trained last). An exact
    version in the settings is promoted where another one is live. Where no release logged so far fits the feature
    registry any more, the version trained last takes the live one's place.
    """
    log, catalog = ReleaseLog(settings.releases), read_catalog(settings.registry)
    for name, segmenter in settings.segmenters.items():
        newest = log.newest()
        held = newest.release.segmenters.get(name) if newest else None
        if held is None:
            version = find_package(settings.packages, name, segmenter.version).name
            _enter(log, name, version, "the first release of this segmenter")
        elif segmenter.version not in ("latest", held.live):
            version = find_package(settings.packages, name, segmenter.version).name
            change = Change("promote", name, WHO, "the settings name this version")
            log.append(change, lambda release, name=name, version=version: promote(release, name, version))  # type: ignore[misc]
        _see_that_one_fits(settings, log, name, catalog)


def _see_that_one_fits(settings: Settings, log: ReleaseLog, name: str, catalog: Catalog) -> None:
    fault: StrataError | None = None
    for entry in log.entries():
        held = entry.release.segmenters.get(name)
        if held is None:
            continue
        try:
            remote_profile(settings.packages, name, held.live, catalog)
        except (PackageInvalid, SegmenterNotFound) as found:
            fault = fault or found
            continue
        return
    assert fault is not None
    version = find_package(settings.packages, name, "latest").name
    remote_profile(settings.packages, name, version, catalog)  # raises: nothing can be served
    _log.error("no released version can be served", extra={"fields": {"segmenter": name, "reason": str(fault)}})
    _enter(log, name, version, f"no released version can be served: {fault}"[:1_000])


def _enter(log: ReleaseLog, name: str, version: str, why: str) -> None:
    def step(release: Release) -> Release:
        return with_segmenter(release, name, version)

    log.append(Change("start", name, WHO, why), step)
