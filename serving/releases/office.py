"""Where the release is changed: a change is checked, logged, and waited for until every worker serves it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import numpy as np

from serving.adapters.packages import embedded_package
from serving.domain.failures import ReleasePending, ReleaseRefused
from serving.one_gateway import gateway_runs, workers_folder
from serving.releases.applied import Applied, read_applied
from strata.errors import PackageInvalid, StoreUnavailable
from strata.registry import read_catalog
from strata.release import Change, Entry, Release, ReleaseLog
from strata.runtime import find_package
from strata.settings import Settings

LOOK_S: Final = 0.05


class ReleaseOffice:
    """For one home; in a worker or in a command. Its methods block: call them on a thread of your own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.log = ReleaseLog(settings.releases)

    def newest(self) -> Entry:
        """The release in force. Raises StoreUnavailable where there is none."""
        entry = self.log.newest()
        if entry is None:
            raise StoreUnavailable(
                f"no release is logged in {self._settings.releases}; the gateway logs the first one when it starts"
            )
        return entry

    def exact(self, segmenter: str, version: str) -> str:
        """A version as it is logged; `latest` is the one trained last. Raises PackageInvalid, SegmenterNotFound."""
        return find_package(self._settings.packages, segmenter, version).name

    def check(self, segmenter: str, version: str) -> None:
        """Load a version and have it score: what passes here, every worker can serve.

        Raises PackageInvalid (PackageMismatch when it does not fit the feature registry), and DefinitionInvalid when
        there is no registry that can be read.
        """
        package = embedded_package(self._settings.packages, segmenter, version, read_catalog(self._settings.registry))
        width, words = len(package.manifest.features), len(package.manifest.vocabulary)
        rows = np.vstack([np.full((1, width), np.nan), np.zeros((1, width)), np.ones((1, width))])
        try:
            found = package.score(rows)
        except Exception as error:  # a foreign library's failure is this package's fault
            raise PackageInvalid(f"{segmenter} {version} does not score: {type(error).__name__}") from error
        inside = (found.segment_indexes >= 0) & (found.segment_indexes < words)
        if not inside.all() or not ((found.scores >= 0) & (found.scores <= 1)).all():
            raise PackageInvalid(f"{segmenter} {version} scores outside its vocabulary, or outside 0 to 1")

    def change(
        self,
        change: Change,
        step: Callable[[Release], Release],
        *,
        version: str = "",
        expected_serial: int | None = None,
    ) -> Entry:
        """Check the version that comes in, where one does, and log the change. Raises as `check` and `append` do."""
        self.newest()
        if version:
            self.check(change.segmenter, version)
        return self.log.append(change, step, expected_serial=expected_serial)

    def workers(self) -> list[Applied]:
        """How far the workers of a running gateway have got; nothing where none runs."""
        return read_applied(workers_folder(self._settings)) if gateway_runs(self._settings) else []

    def behind(self, serial: int) -> int:
        """Workers that do not serve a release yet, nor a later one. Raises ReleaseRefused when one cannot."""
        behind = [worker for worker in self.workers() if worker.serial < serial]
        refused = [worker for worker in behind if worker.refused_serial == serial]
        if refused:
            raise ReleaseRefused(serial, refused[0].refusal)
        return len(behind)

    def wait(self, serial: int, timeout_s: float) -> None:
        """Until every worker serves a release. Raises ReleaseRefused, ReleasePending."""
        ends_s = time.monotonic() + timeout_s
        while behind := self.behind(serial):
            if time.monotonic() >= ends_s:
                raise ReleasePending(serial, behind)
            time.sleep(LOOK_S)
