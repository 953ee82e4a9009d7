"""What a release is, and one line of the log that tells how it came to be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from strata.errors import InputInvalid

VERSION: Final = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class Canary:
    """A version that answers for a share of the users."""

    version: str
    share: float
    """In (0, 1]."""

    def __post_init__(self) -> None:
        _check_version(self.version)
        if not 0.0 < self.share <= 1.0:
            raise InputInvalid(f"a canary's share is above 0 and at most 1, not {self.share!r}")


@dataclass(frozen=True)
class SegmenterRelease:
    """The versions of one segmenter. Raises InputInvalid for versions that cannot be one."""

    live: str
    previous: str = ""
    """Live before; kept loaded, so that a rollback waits for nothing. Empty: there was none."""
    canary: Canary | None = None
    shadow: str = ""
    """Scores what the live version scores, and answers nobody. Empty: none."""

    def __post_init__(self) -> None:
        _check_version(self.live)
        for version in (self.previous, self.shadow):
            if version:
                _check_version(version)

    @property
    def versions(self) -> tuple[str, ...]:
        """Every version that has to be loaded, each once, the live one first."""
        canary = self.canary.version if self.canary else ""
        return tuple(dict.fromkeys(each for each in (self.live, canary, self.shadow, self.previous) if each))


@dataclass(frozen=True)
class Release:
    """Which versions are served. Serials count from 1, without a gap."""

    serial: int
    segmenters: Mapping[str, SegmenterRelease] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """Who changes what, and why."""

    action: str
    """`start`, `promote`, `canary`, `end_canary`, `shadow`, `end_shadow`, `roll_back`."""
    segmenter: str
    who: str
    why: str

    def __post_init__(self) -> None:
        for name, text, most in (("who", self.who, 256), ("why", self.why, 2_048)):
            if not text.strip():
                raise InputInvalid(f"a change of the release says {name}: it is empty")
            if len(text.encode()) > most:
                raise InputInvalid(f"{name} is longer than {most} bytes")


@dataclass(frozen=True)
class Entry:
    """One change, as logged, and the release it led to."""

    at_us: int
    """When, by the system's clock: microseconds UTC."""
    change: Change
    before: SegmenterRelease | None
    """The changed segmenter's versions until then."""
    release: Release


def _check_version(version: str) -> None:
    if not VERSION.fullmatch(version):
        raise InputInvalid(
            f"{version!r} is not a version: those are 12 hexadecimal digits (strata packages lists them)"
        )
