"""From one release to the next. Each function changes one segmenter and raises InputInvalid, in a sentence, where
nothing would change or nothing sensible can be done."""

from __future__ import annotations

from dataclasses import replace

from strata.errors import InputInvalid, SegmenterNotFound
from strata.release.model import Canary, Release, SegmenterRelease


def with_segmenter(release: Release, segmenter: str, version: str) -> Release:
    """A segmenter that was not in the release, live with a version."""
    return _next(release, segmenter, SegmenterRelease(version))


def promote(release: Release, segmenter: str, version: str) -> Release:
    """Make a version live. It is canary and shadow no more."""
    held = _of(release, segmenter)
    if held.live == version:
        raise InputInvalid(f"{segmenter} {version} is live already")
    canary = None if held.canary and held.canary.version == version else held.canary
    shadow = "" if held.shadow == version else held.shadow
    return _next(release, segmenter, SegmenterRelease(version, held.live, canary, shadow))


def set_canary(release: Release, segmenter: str, version: str, share: float) -> Release:
    """Let a version answer for a share of the users, in the place of any other canary."""
    held, canary = _of(release, segmenter), Canary(version, share)
    if held.live == version:
        raise InputInvalid(f"{segmenter} {version} is live already: it answers for everybody")
    if held.canary == canary:
        raise InputInvalid(f"{segmenter} {version} is canary for {share:.2%} of the users already")
    return _next(release, segmenter, replace(held, canary=canary))


def end_canary(release: Release, segmenter: str) -> Release:
    """Have the live version answer for everybody."""
    held = _of(release, segmenter)
    if held.canary is None:
        raise InputInvalid(f"{segmenter} has no canary")
    return _next(release, segmenter, replace(held, canary=None))


def set_shadow(release: Release, segmenter: str, version: str) -> Release:
    """Have a version score what the live one scores, for comparison, in the place of any other shadow."""
    held = _of(release, segmenter)
    if held.live == version:
        raise InputInvalid(f"{segmenter} {version} is live: it cannot be compared with itself")
    if held.shadow == version:
        raise InputInvalid(f"{segmenter} {version} is shadow already")
    return _next(release, segmenter, replace(held, shadow=version))


def end_shadow(release: Release, segmenter: str) -> Release:
    """Compare no more."""
    held = _of(release, segmenter)
    if not held.shadow:
        raise InputInvalid(f"{segmenter} has no shadow")
    return _next(release, segmenter, replace(held, shadow=""))


def roll_back(release: Release, segmenter: str) -> Release:
    """Undo: end a canary where there is one, else make the version live that was live before. A shadow goes on.

    Rolling back twice leads to where it began.
    """
    held = _of(release, segmenter)
    if held.canary is not None:
        return _next(release, segmenter, replace(held, canary=None))
    if not held.previous:
        raise InputInvalid(
            f"{segmenter} has nothing to roll back to: {held.live} is the only version that was ever live"
        )
    shadow = "" if held.shadow == held.previous else held.shadow
    return _next(release, segmenter, SegmenterRelease(held.previous, held.live, None, shadow))


def _of(release: Release, segmenter: str) -> SegmenterRelease:
    if segmenter not in release.segmenters:
        raise SegmenterNotFound(segmenter, sorted(release.segmenters))
    return release.segmenters[segmenter]


def _next(release: Release, segmenter: str, held: SegmenterRelease) -> Release:
    return Release(release.serial + 1, {**release.segmenters, segmenter: held})
