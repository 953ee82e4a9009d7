"""Which version of each segmenter is live, canary and shadow: a release, its changes, and the log they are kept in."""

from strata.release.changes import end_canary, end_shadow, promote, roll_back, set_canary, set_shadow, with_segmenter
from strata.release.log import ReleaseLog, live_version
from strata.release.model import Canary, Change, Entry, Release, SegmenterRelease
from strata.release.share import UserShare

__all__ = [
    "Canary",
    "Change",
    "Entry",
    "Release",
    "ReleaseLog",
    "SegmenterRelease",
    "UserShare",
    "end_canary",
    "end_shadow",
    "live_version",
    "promote",
    "roll_back",
    "set_canary",
    "set_shadow",
    "with_segmenter",
]
