"""Which versions of a segmenter are to be served: those of the newest release; before the first, the settings'."""

from __future__ import annotations

import logging

from strata.release import ReleaseLog
from strata.settings import SegmenterSettings, Settings

_log = logging.getLogger("strata.follower")


class NamedVersions:
    """Looks at the release log again when it has changed; looking costs a few microseconds otherwise."""

    def __init__(self, settings: Settings, segmenter: str) -> None:
        self._settings, self._segmenter = settings, segmenter
        self._releases = ReleaseLog(settings.releases)
        self._mark: tuple[int, int] | None = None
        self._versions: tuple[str, ...] = ()

    def look(self) -> tuple[str, ...]:
        """Each once, the live one first; never empty.

        Raises StrataError when no release names the segmenter and the settings mean a package that is not there. A log
        that cannot be read later changes nothing: what was named last is served on.
        """
        try:
            mark = self._releases.mark()
            if mark != self._mark:
                self._versions, self._mark = self._read(), mark
        except OSError as error:
            if not self._versions:
                raise
            _log.warning("the release log cannot be read", extra={"fields": {"reason": str(error)}})
        return self._versions

    def _read(self) -> tuple[str, ...]:
        newest = self._releases.newest()
        held = newest.release.segmenters.get(self._segmenter) if newest else None
        return held.versions if held else self._versions or (self._of_settings(),)

    def _of_settings(self) -> str:
        from strata.runtime import find_package  # numpy comes with it; a follower of a release does without

        segmenter = self._settings.segmenters.get(self._segmenter, SegmenterSettings())
        return find_package(self._settings.packages, self._segmenter, segmenter.version).name
