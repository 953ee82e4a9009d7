"""What one assignment is: right, and from where; or what is wrong with it."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Final

from strata.v1 import segmentation_pb2 as pb

RIGHT: Final = ("live", "last_known", "fallback")


def outcome_of(one: Any, segments: Container[str] | None, *, known: bool = True) -> str:
    """`live`, `last_known`, `fallback`, or `wrong: ...`.

    `segments`: the right ones; None where they are not known. `known`: whether the platform knows the user for certain.
    """
    live, stale = one.source == pb.ASSIGNMENT_SOURCE_LIVE, one.source == pb.ASSIGNMENT_SOURCE_LAST_KNOWN
    faults = {
        "a known user is unknown": known and one.degradation == pb.DEGRADATION_REASON_UNKNOWN_USER,
        "live and degraded": live and one.degradation,
        "not live, and no reason": not live and not one.degradation,
        "stale, and no age": stale and not one.HasField("last_known_age"),
        "a negative age": one.feature_age.ToNanoseconds() < 0 or one.last_known_age.ToNanoseconds() < 0,
        "a score outside 0 to 1": one.HasField("score") and not 0 <= one.score <= 1,
        "another segment": (live or stale) and segments is not None and one.segment not in segments,
        "no source": not one.source,
    }
    wrong = next((fault for fault, found in faults.items() if found), "")
    return f"wrong: {wrong}" if wrong else RIGHT[one.source - 1]
